"""FCN-8s as a graph."""

from figures.fcn_graph import draw_net
from figures.svg import Sheet

ROWS = {"data": 0, "pool1": 1, "pool2": 2, "pool3": 3, "pool4": 5, "pool5": 6, "drop7": 7}
ROWS |= {"score": 0, "upscore8": 1.5, "fuse_pool3": 3, "upscore_pool4": 4, "fuse_pool4": 5}
ROWS |= {"upscore2": 6, "score_fr": 7}


def draw() -> Sheet:
    """Return the picture."""
    return draw_net(
        "fcn8s",
        "FCN-8s: two skips, from pool4 and pool3, then upsampling by 8",
        "The graph of FCN-8s on VGG16 for an image of 500 x 375 pixels. The backbone halves the "
        "map five times. The scores of stride 32 are upsampled to stride 16 and scores predicted "
        "from pool4 are added, then to stride 8 with scores from pool3, then to the image.",
        ("Two skips add what pool4", "and pool3 still know of", "where things are."),
        ROWS,
    )
