"""The layers: one kind a file, each with its parameters, forward and backward pass and geometry."""

from minifcn.layers.conv import Conv2d as Conv2d
from minifcn.layers.crop import Crop as Crop
from minifcn.layers.deconv import Deconv2d as Deconv2d
from minifcn.layers.dropout import Dropout as Dropout
from minifcn.layers.eltwise import Concat as Concat
from minifcn.layers.eltwise import EltwiseMax as EltwiseMax
from minifcn.layers.eltwise import EltwiseSum as EltwiseSum
from minifcn.layers.layer import Layer as Layer
from minifcn.layers.linear import Linear as Linear
from minifcn.layers.lrn import LRN as LRN
from minifcn.layers.pooling import AvgPool2d as AvgPool2d
from minifcn.layers.pooling import MaxPool2d as MaxPool2d
from minifcn.layers.relu import ReLU as ReLU
from minifcn.layers.scale import Scale as Scale
from minifcn.layers.softmax_loss import SoftmaxLoss as SoftmaxLoss
