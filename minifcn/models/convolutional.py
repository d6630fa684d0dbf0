"""A classifier that slides over an image of any size (section 3.1 of the paper, and its Figure 2).

An inner product over a map of C x KH x KW numbers is a convolution whose kernel is as large as the
map: the same numbers in the same order, moved to every place that there is. So a classifier for
images of 224 x 224 pixels, given a larger photograph, computes its scores for every such window at
once, and the windows share all the work of their common pixels.

What equals what
----------------
On an image of the classifier's own size there is one place, and its scores are the classifier's.

On a larger image, place (i, j) belongs to the window that begins `stride` times (i, j) pixels from
the upper left corner. Without padding its scores would be the classifier's for that window alone.
A layer that pads finds zeros beyond the edge of a window that stands alone, and the photograph
where it does not; and a last pooling that is cut off there is whole here. By that the scores
differ, and by nothing else.
"""

from __future__ import annotations

from minifcn.layers import AvgPool2d, Conv2d, Layer, Linear
from minifcn.models.backbone import NodeList
from minifcn.net import Net


def convolutional(classifier: Net, size: int) -> Net:
    """Return a classifier as a net that gives scores (N, C, OH, OW) of images of any size.

    Parameters
    ----------
    classifier : Net
        Its last node is the loss, which is left out.
    size : int
        Pixels, each way, of the images that it classifies; larger ones give more places.

    Returns
    -------
    Net
        Its blobs are called as the classifier's, and it computes with the classifier's own arrays.
    """
    shapes = classifier.shapes(data=(1, 3, size, size))
    nodes: NodeList = []
    for name, layer, bottoms in classifier.nodes[:-1]:
        moved: Layer = layer
        if isinstance(layer, Linear):
            moved = _kernel(layer, shapes[bottoms[0]][1:])
        elif isinstance(layer, AvgPool2d) and shapes[name][2:] == (1, 1):
            # Its window is the whole map, so its stride has not mattered so far.
            moved = AvgPool2d(layer.window.kernel_size, stride=1, pad=layer.window.pad)
        nodes.append((name, moved, bottoms))
    return Net(nodes)


def _kernel(layer: Linear, map_shape: tuple[int, ...]) -> Conv2d:
    """Return the convolution over whole maps (C, H, W), or vectors (C,), that a layer is."""
    channels, height, width = (*map_shape, 1, 1)[:3]
    weight, bias = layer.params.values()
    conv = Conv2d(channels, len(weight), (height, width))
    conv.params |= {"weight": weight.reshape(len(weight), channels, height, width), "bias": bias}
    return conv
