"""FCN-32s as a graph."""

from figures.fcn_graph import draw_net
from figures.svg import Sheet

ROWS = {"data": 0, "pool1": 1, "pool2": 2, "pool3": 3, "pool4": 4, "pool5": 5, "drop7": 6}
ROWS |= {"score": 0, "upscore": 3, "score_fr": 6}


def draw() -> Sheet:
    """Return the picture."""
    return draw_net(
        "fcn32s",
        "FCN-32s: scores of stride 32, upsampled in one step",
        "The graph of FCN-32s on VGG16 for an image of 500 x 375 pixels. The backbone halves the "
        "map five times; a 1 x 1 convolution gives scores of stride 32, and one deconvolution "
        "upsamples them to the image.",
        ("All scores come from a grid", "of stride 32: what is finer", "is lost."),
        ROWS,
    )
