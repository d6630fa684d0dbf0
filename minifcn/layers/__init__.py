"""The layers: one kind a file, each with its parameters, forward and backward pass and geometry."""

from minifcn.layers.conv import Conv2d
from minifcn.layers.crop import Crop
from minifcn.layers.deconv import Deconv2d
from minifcn.layers.dropout import Dropout
from minifcn.layers.eltwise import Concat, EltwiseSum
from minifcn.layers.layer import Layer
from minifcn.layers.linear import Linear
from minifcn.layers.lrn import LRN
from minifcn.layers.pooling import AvgPool2d, MaxPool2d
from minifcn.layers.relu import ReLU
from minifcn.layers.scale import Scale
from minifcn.layers.softmax_loss import SoftmaxLoss

__all__ = [
    "LRN",
    "AvgPool2d",
    "Concat",
    "Conv2d",
    "Crop",
    "Deconv2d",
    "Dropout",
    "EltwiseSum",
    "Layer",
    "Linear",
    "MaxPool2d",
    "ReLU",
    "Scale",
    "SoftmaxLoss",
]
