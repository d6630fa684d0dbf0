"""Nets opened for a page, as tests of the page need them: never trained, of every kind."""

from helpers.drawn import draw_all
from helpers.preprocessing import CAFFE_VOC

from minifcn.data.shapes import ShapesDataset
from minifcn.exploring.branches import find_branches
from minifcn.exploring.opened import Opened
from minifcn.exploring.stages import find_stages
from minifcn.exploring.subjects import Subject
from minifcn.inference.model import Model
from minifcn.models import ModelSpec, build

NAMES = tuple(ShapesDataset.class_names)
KINDS = {
    "32s": ("fcn32s", "vgg16", "same"),
    "16s": ("fcn16s", "vgg16", "same"),
    "8s": ("fcn8s", "vgg16", "same"),
    "at once": ("fcn8s-at-once", "vgg16", "same"),
    "faithful": ("fcn8s", "vgg16", "faithful"),
    "GoogLeNet": ("fcn8s", "googlenet", "same"),
    "AlexNet": ("fcn32s", "alexnet", "faithful"),
}


def small(kind: str = "8s", width: float = 1 / 64) -> Opened:
    """Return a net of one of the kinds, with drawn parameters."""
    arch, backbone, padding = KINDS[kind]
    spec = ModelSpec(arch, backbone, len(NAMES), width, padding)
    net = draw_all(build(spec))
    model = Model(net, spec, CAFFE_VOC, NAMES, ShapesDataset("val").palette.tolist())
    stages = find_stages(net, "score")
    return Opened(model, "score", stages, find_branches(stages, "score"), {}, [])


def drawn(size: tuple[int, int] = (64, 48), number: int = 0) -> Subject:
    """Return a picture of shapes, with its truth."""
    sample = ShapesDataset("val", size)[number]
    return Subject(sample.id, sample.image, sample.label)
