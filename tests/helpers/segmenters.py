"""A small net that gives different pixels different classes, as something to segment with."""

from helpers.drawn import draw_all
from helpers.preprocessing import CAFFE_VOC

from minifcn.inference import Model
from minifcn.models import ModelSpec, build

NAMES = ("sky", "road/path", "tree")


def small_model(**how) -> Model:
    """Return an FCN-32s of three classes, and of what else is given to its description."""
    spec = ModelSpec("fcn32s", "googlenet", len(NAMES), 1 / 64, "same", **how)
    palette = [[0, 0, 0], [200, 0, 0], [0, 200, 0]]
    return Model(draw_all(build(spec)), spec, CAFFE_VOC, NAMES, palette)
