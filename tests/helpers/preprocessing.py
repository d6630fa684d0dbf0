"""How images are prepared for the reference's nets for VOC, and for torchvision's."""

from minifcn.data.transforms import Preprocess
from minifcn.reference.data_sets import VOC_MEAN

CAFFE_VOC = Preprocess("BGR", VOC_MEAN)
TORCHVISION = Preprocess(
    "RGB",
    (0.485 * 255, 0.456 * 255, 0.406 * 255),
    (1 / (0.229 * 255), 1 / (0.224 * 255), 1 / (0.225 * 255)),
)
