"""FCN-16s as a graph."""

from figures.fcn_graph import draw_net
from figures.svg import Sheet

ROWS = {"data": 0, "pool1": 1, "pool2": 2, "pool3": 3, "pool4": 4, "pool5": 5, "drop7": 6}
ROWS |= {"score": 0, "upscore16": 2, "fuse_pool4": 4, "upscore2": 5, "score_fr": 6}


def draw() -> Sheet:
    """Return the picture."""
    return draw_net(
        "fcn16s",
        "FCN-16s: one skip, from pool4, then upsampling by 16",
        "The graph of FCN-16s on VGG16 for an image of 500 x 375 pixels. The backbone halves the "
        "map five times. The scores of stride 32 are upsampled to stride 16, scores predicted "
        "from pool4 are added, and the sum is upsampled to the image.",
        ("A skip adds what pool4", "still knows of where", "things are."),
        ROWS,
    )
