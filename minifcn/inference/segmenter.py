"""One predictor for Python and for the command: from any picture to what a net sees in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias, cast, overload

import numpy as np
from PIL import Image

from minifcn.backend import array_module, to_host
from minifcn.data.dataset import DataError
from minifcn.data.depth import read_depth
from minifcn.data.hha import encode_hha
from minifcn.data.images import read_image
from minifcn.data.palette import voc_palette
from minifcn.inference.apply import segment_all, segment_with_probabilities
from minifcn.inference.looks import Looks
from minifcn.inference.model import Model, load_segmenter
from minifcn.inference.segmentation import Segmentation, file_endings
from minifcn.models.dense import dense as make_dense
from minifcn.system.devices import take_device
from minifcn.system.resources import SEGMENTER, shipped_weights

Picture: TypeAlias = "str | os.PathLike[str] | bytes | Image.Image | np.ndarray"
Depth: TypeAlias = "str | os.PathLike[str] | np.ndarray"
DENSE_STRIDE = 8  # pixels between scores that are computed densely: as fine as an FCN-8s


class Segmenter:
    """A trained net that segments pictures of any size and kind.

    Parameters
    ----------
    model : path or Model, optional
        A run's folder, a weight file, what `minifcn.fit` returns, or a model that is loaded
        already, which stays on its device. Without one, the net that comes with minifcn: FCN-8s on
        GoogLeNet, which knows the twenty kinds of things of PASCAL VOC.
    device : "auto", "cpu" or "gpu"
        What computes; "auto" is the GPU where one works.
    threads : int
        Of the CPU, for all of this process; 0: as many as it may use.
    precision : "float32", "tf32" or "float16"
        Of matrix products on a GPU.
    dense : "rarefy" or "stitch", optional
        Compute scores between the coarse ones of an FCN-32s (`models/dense.py`), instead of
        interpolating; both ways come to the same. Not at all, if not given.
    dense_stride : int
        A score every so many pixels, a divisor of 32.
    looks : Looks, optional
        At which sizes pictures are looked at, and whether at their mirror images; without it, as
        the weight file says. `Looks()` is one look at a picture as it is.

    Raises
    ------
    ValueError
        If the net cannot be made dense, or not so.
    WeightsError
        If there is no such file or run, it is broken, or it holds a classifier.
    DeviceError
        If the device cannot be used.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Model | None = None,
        *,
        device: str = "auto",
        threads: int = 0,
        precision: str = "float32",
        dense: str | None = None,
        dense_stride: int = DENSE_STRIDE,
        looks: Looks | None = None,
    ) -> None:
        if isinstance(model, Model):
            self.model, self.xp = model, array_module(next(iter(model.net.params.values())))
        else:
            self.xp = take_device(device, threads, precision)
            source = shipped_weights(SEGMENTER) if model is None else Path(model)
            self.model = load_segmenter(source, self.xp)
        if dense is not None:
            finer = make_dense(self.model.net, dense_stride, dense)
            self.model = self.model._replace(net=finer)
        if looks is not None:
            self.model = self.model._replace(looks=looks)
        self.palette = voc_palette()
        self.palette[: len(self.model.palette)] = self.model.palette

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes that the net knows, by their number."""
        return self.model.class_names

    def endings(self, kinds: Iterable[str]) -> list[str]:
        """Return what the files that `Segmentation.save` writes are called behind the stem."""
        heads = {"": self.class_names, **self.model.extra_classes}
        return [
            name
            for head, names in heads.items()
            for kind in kinds
            for name in file_endings(head, names, kind)
        ]

    @overload  # to mypy a text is also a sequence of texts
    def __call__(  # type: ignore[overload-overlap]
        self, images: Picture, *, depth: Depth | None = None, probabilities: bool = False
    ) -> Segmentation: ...

    @overload
    def __call__(
        self,
        images: Sequence[Picture],
        *,
        depth: Sequence[Depth] | None = None,
        probabilities: bool = False,
    ) -> list[Segmentation]: ...

    def __call__(
        self,
        images: Picture | Sequence[Picture],
        *,
        depth: Depth | Sequence[Depth] | None = None,
        probabilities: bool = False,
    ) -> Segmentation | list[Segmentation]:
        """Segment one picture, or each of a list or tuple.

        A list's results are all kept in memory. For many pictures call it for one after the other:
        that takes no more time.

        Parameters
        ----------
        images : path, bytes, Pillow image or uint8 array (H, W, 3), RGB; or a list of these
            `bytes` are the content of a picture file. The net sees the picture unscaled, unless its
            `looks` say otherwise; whole or, if there is not enough memory for that, in tiles, which
            comes to the same.
        depth : path or float array (H, W), in metres; or a list of these, as long
            For a net that sees depth. A file has 16 bits, in millimetres.
        probabilities : bool
            Also keep the probability of each class at each pixel, the mean over all looks: 4 bytes
            each.

        Returns
        -------
        Segmentation, or a list of them

        Raises
        ------
        DataError
            If a picture cannot be read or used, or there is not enough memory even for tiles, or
            for the probabilities of several looks.
        """
        if not isinstance(images, list | tuple):
            return self._one(cast(Picture, images), depth, probabilities)
        depths = depth if isinstance(depth, list | tuple) else [depth] * len(images)
        if len(depths) != len(images) or (depth is not None and depths is not depth):
            raise DataError(f"{len(images)} images need a list of as many depth maps")
        pairs = zip(images, depths, strict=True)
        return [self._one(image, one, probabilities) for image, one in pairs]

    def _one(self, source: Picture, depth: object, probabilities: bool) -> Segmentation:
        image = _pixels(source)
        extras = {} if self.model.spec.modality == "rgb" else _extras(depth, image.shape[:2])
        shares: dict[str, np.ndarray] = {}
        if probabilities:
            labels, shares = segment_with_probabilities(self.model, image, self.xp, extras)
        else:
            labels = segment_all(self.model, image, self.xp, extras)
        (main, label), *others = labels.items()
        heads = {
            head: Segmentation(
                image,
                to_host(found),
                self.model.extra_classes[head],
                voc_palette(),
                shares.get(head),
            )
            for head, found in others
        }
        return Segmentation(
            image, to_host(label), self.class_names, self.palette, shares.get(main), heads
        )


def _pixels(source: Picture) -> np.ndarray:
    """Return a picture as uint8 array (H, W, 3), RGB."""
    if not isinstance(source, np.ndarray):
        return read_image(source)
    if source.dtype != np.uint8 or source.ndim != 3 or source.shape[2] != 3 or not source.size:
        raise DataError(
            f"an image as an array must be uint8 (H, W, 3), RGB, not {source.dtype} {source.shape}"
        )
    return source


def _extras(depth: object, size: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return the depth of an image and its HHA."""
    if depth is None:
        raise DataError("the net sees depth: give a depth map of each image")
    metres = depth if isinstance(depth, np.ndarray) else read_depth(Path(str(depth)))
    if metres.dtype.kind != "f":
        raise DataError(
            f"a depth map as an array must be of floats, in metres, not {metres.dtype}: divide "
            "millimetres by 1000"
        )
    if metres.shape != size:
        raise DataError(
            f"the depth map is of {' x '.join(map(str, metres.shape))} pixels, its image of "
            f"{' x '.join(map(str, size))}"
        )
    return {"depth": metres, "hha": encode_hha(metres)}
