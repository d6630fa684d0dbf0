"""The peer: our net as a PyTorch module, with our weights and the operations of PyTorch's users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from minifcn.layers import (
    LRN,
    Concat,
    Conv2d,
    Crop,
    Deconv2d,
    Dropout,
    EltwiseSum,
    MaxPool2d,
    ReLU,
    Scale,
    SoftmaxLoss,
)
from minifcn.net import Net


class TorchFCN(nn.Module):
    """The net of an FCN, layer by layer; `forward` gives the scores (N, C, H, W).

    It has the type of the net's parameters. `masks` may be one of NumPy's generators, which then
    draws the masks of dropout, as minifcn's are drawn, in place of PyTorch's own.

    Parameters
    ----------
    net : Net
        Its parameters are shared, not copied; those that are frozen become buffers.
    """

    masks: np.random.Generator | None = None

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.weights = nn.ParameterDict()
        for address, array in net.params.items():
            if net.multipliers[address][0]:
                self.weights[address] = nn.Parameter(torch.from_numpy(array))
            else:
                self.register_buffer(address, torch.from_numpy(array))
        self.nodes = [node for node in net.nodes if not isinstance(node.layer, SoftmaxLoss)]
        # The last reader of each blob, behind which it is dropped.
        self.last = {bottom: node.name for node in self.nodes for bottom in node.bottoms}

    def forward(self, x: Tensor, dropout: float | None = None) -> Tensor:
        """Return the scores of images (N, 3, H, W); `dropout` replaces the ratio of the layers."""
        blobs = {"data": x}
        for name, layer, bottoms in self.nodes:
            if isinstance(layer, Dropout):
                ratio = layer.ratio if dropout is None else dropout
                blobs[name] = self._drop(blobs[bottoms[0]], ratio)
            else:
                params = [self._param(f"{name}/{kind}") for kind in layer.params]
                bottom = [blobs[bottom] for bottom in bottoms]
                blobs[name] = OPERATIONS[type(layer)](layer, *bottom, *params)
                del bottom
            for read in bottoms:
                if self.last[read] == name:
                    del blobs[read]
        return blobs["score"]

    def _param(self, address: str) -> Tensor:
        return self.weights[address] if address in self.weights else self.get_buffer(address)

    def _drop(self, x: Tensor, ratio: float) -> Tensor:
        if self.masks is None:
            return F.dropout(x, ratio, self.training)
        keep = self.masks.random(tuple(x.shape), dtype="float32") >= ratio
        return x * torch.from_numpy(keep) / (1 - ratio)


def _convolve(layer: Any, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    window = layer.window
    return F.conv2d(x, weight, bias, window.stride, window.pad, window.dilation, layer.groups)


def _deconvolve(layer: Any, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    window, groups = layer.window, layer.groups
    return F.conv_transpose2d(x, weight, bias, window.stride, window.pad, groups=groups)


def _pool(layer: Any, x: Tensor) -> Tensor:
    return F.max_pool2d(x, *layer.window[:3], ceil_mode=layer.window.ceil)


def _normalise(layer: Any, x: Tensor) -> Tensor:
    return F.local_response_norm(x, layer.local_size, layer.alpha, layer.beta, layer.k)


def _crop(layer: Any, x: Tensor, reference: Tensor) -> Tensor:
    (top, left), (h, w) = layer.offset, reference.shape[2:]
    return x[:, :, top : top + h, left : left + w]


OPERATIONS: dict[type, Callable[..., Tensor]] = {
    Conv2d: _convolve,
    Deconv2d: _deconvolve,
    MaxPool2d: _pool,
    LRN: _normalise,
    Crop: _crop,
    ReLU: lambda _, x: F.relu(x, inplace=True),  # of a convolution, which nothing else reads
    Scale: lambda _, x, weight: x * weight[:, None, None],
    Concat: lambda _, *parts: torch.cat(parts, dim=1),
    EltwiseSum: lambda _, one, other: one + other,
}
