"""What the paper's authors take for granted of its data sets: their mean colours.

Source: https://github.com/shelhamer/fcn.berkeleyvision.org, commit 1305c73: `train.prototxt` of the
nets for VOC, `*_layers.py` for the others.
"""

from __future__ import annotations

Mean = tuple[float, float, float]

# Blue, green and red, of each data set's images; VOC's and PASCAL-Context's are ImageNet's.
VOC_MEAN = (104.00699, 116.66877, 122.67892)
CONTEXT_MEAN = (104.007, 116.669, 122.679)
NYUD_MEAN = (116.190, 97.203, 92.318)
SIFTFLOW_MEAN = (114.578, 115.294, 108.353)
HHA_MEAN = (132.431, 94.076, 118.477)  # NYUDv2's horizontal disparity, height and angle

MEANS = {
    "voc": VOC_MEAN,
    "sbd": VOC_MEAN,
    "context": CONTEXT_MEAN,
    "nyud": NYUD_MEAN,
    "siftflow": SIFTFLOW_MEAN,
}
