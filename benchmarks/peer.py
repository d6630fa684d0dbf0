"""The peer: FCN on VGG16 as a PyTorch module with our weights, as PyTorch's users would write it.

The layers and their geometry are the reference's (pad 100, its crop offsets as numbers).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


class TorchFCN(nn.Module):
    """FCN-32s, 16s or 8s; `forward` gives the scores (N, C, H, W).

    It has the type of its parameters. `masks` may be one of NumPy's generators, which then draws
    the masks of dropout, as minifcn's are drawn, in place of PyTorch's own.
    """

    masks: np.random.Generator | None = None

    def __init__(self, arch: str, params: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self.arch = arch
        self.convs = nn.ModuleDict()
        for address, weight in params.items():
            name, kind = address.rsplit("/", 1)
            if kind == "weight" and not name.startswith("upscore"):
                self.convs[name] = self._conv(name, weight, params[f"{name}/bias"])
        ups = {name: array for name, array in params.items() if name.startswith("upscore")}
        for address, weight in ups.items():  # frozen, as in the reference
            self.register_buffer(address.partition("/")[0], torch.from_numpy(weight.copy()))

    @staticmethod
    def _conv(name: str, weight: np.ndarray, bias: np.ndarray) -> nn.Conv2d:
        f, c, kernel, _ = weight.shape
        pad = 100 if name == "conv1_1" else 1 if kernel == 3 else 0
        dtype = torch.from_numpy(weight).dtype
        conv = nn.utils.skip_init(nn.Conv2d, c, f, kernel, padding=pad, dtype=dtype)
        with torch.no_grad():
            conv.weight.copy_(torch.from_numpy(weight))
            conv.bias.copy_(torch.from_numpy(bias))
        return conv

    def forward(self, x: torch.Tensor, dropout: float = 0.5) -> torch.Tensor:
        """Return the scores (N, C, H, W) of images (N, 3, H, W)."""
        h, w = x.shape[2:]
        pools = []
        for block, (convolutions, _) in enumerate(BLOCKS, start=1):
            for number in range(1, convolutions + 1):
                x = F.relu(self.convs[f"conv{block}_{number}"](x), inplace=True)
            x = F.max_pool2d(x, 2, 2, ceil_mode=True)
            pools.append(x)
        for name in ("fc6", "fc7"):
            x = F.relu(self.convs[name](x), inplace=True)
            x = self._drop(x, dropout)
        scores, last, stride, offset = self.convs["score_fr"](x), "upscore", 32, 19
        if self.arch != "fcn32s":
            scores = self._fuse(scores, "upscore2", pools[3], "score_pool4", 5)
            last, stride, offset = "upscore16", 16, 27
        if self.arch == "fcn8s":
            scores = self._fuse(scores, "upscore_pool4", pools[2], "score_pool3", 9)
            last, stride, offset = "upscore8", 8, 31
        scores = F.conv_transpose2d(scores, self.get_buffer(last), stride=stride)
        return scores[:, :, offset : offset + h, offset : offset + w]

    def _drop(self, x: torch.Tensor, ratio: float) -> torch.Tensor:
        if self.masks is None:
            return F.dropout(x, ratio, self.training)
        keep = self.masks.random(tuple(x.shape), dtype="float32") >= ratio
        return x * torch.from_numpy(keep) / (1 - ratio)

    def _fuse(
        self, coarse: torch.Tensor, up: str, pool: torch.Tensor, score: str, offset: int
    ) -> torch.Tensor:
        coarse = F.conv_transpose2d(coarse, self.get_buffer(up), stride=2)
        rows, columns = coarse.shape[2:]
        fine = self.convs[score](pool)
        return coarse + fine[:, :, offset : offset + rows, offset : offset + columns]
