"""What a net sees in one image: its classes, how they are drawn, and how they are saved."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from minifcn.data.palette import palette_picture, write_palette_png
from minifcn.inference.pictures import overlay, save_png, with_legend
from minifcn.system.files import atomic_write

# What of a result can be saved: its label map, its overlay, its probabilities in either format.
KINDS = ("label", "overlay", "npz", "png")
HIGHEST = 65535  # of a PNG of 16 bits: probability 1


@dataclass(frozen=True, eq=False, repr=False)
class Segmentation:
    """What a net sees in one image.

    Attributes
    ----------
    image : uint8 array (H, W, 3), RGB
    label : uint8 array (H, W)
        The class of each pixel.
    class_names : tuple of str
        Of each value of `label`.
    palette : uint8 array (256, 3), RGB
        The colour of each class.
    probabilities : float32 array (C, H, W) or None
        Of each class at each pixel, if they were asked for.
    heads : dict of str to Segmentation
        What further heads of the net see, such as "geo"; most nets have none.
    """

    image: np.ndarray
    label: np.ndarray
    class_names: tuple[str, ...]
    palette: np.ndarray
    probabilities: np.ndarray | None = None
    heads: Mapping[str, Segmentation] = field(default_factory=dict)

    def __repr__(self) -> str:
        height, width = self.label.shape
        found = ", ".join(f"{name} {share:.1%}" for name, share in self.classes.items())
        return f"<Segmentation of {height} x {width} pixels: {found}>"

    @cached_property
    def classes(self) -> dict[str, float]:
        """The classes that occur and their share of the pixels, 0..1, the largest first."""
        counts = np.zeros(len(self.class_names), int)
        for row in self.label:  # all at once would take eight bytes for each pixel
            counts += np.bincount(row, minlength=len(counts))
        order = [number for number in np.argsort(-counts, kind="stable") if counts[number]]
        return {self.class_names[n]: float(counts[n] / self.label.size) for n in order}

    def overlay(self) -> Image.Image:
        """Return the image under the colours of its classes, with a legend below."""
        return Image.fromarray(self._overlay())

    def _overlay(self) -> np.ndarray:
        picture = overlay(self.image, self.label, self.palette)
        return with_legend(picture, self.class_names, self.palette, np.unique(self.label))

    def label_picture(self) -> Image.Image:
        """Return the label map as a palette picture: classes to programs, colours to viewers."""
        return palette_picture(self.label, self.palette)

    def save(
        self, stem: str | os.PathLike[str], kinds: Sequence[str] = ("label", "overlay")
    ) -> list[Path]:
        """Write files whose names begin with `stem`, each whole or not at all; return which.

        Parameters
        ----------
        stem : path
            "out/photo" for out/photo_label.png and so on; missing folders are made, and what is
            there is replaced.
        kinds : sequence of str
            - "label": the label map as a palette PNG, STEM_label.png
            - "overlay": STEM_overlay.png
            - "npz": the probabilities as `probabilities` and the names as `classes`,
              STEM_probabilities.npz
            - "png": a PNG of 16 bits for each class, where 65535 is probability 1,
              STEM_probability_08_cat.png

        Raises
        ------
        ValueError
            If there is no such kind, or the probabilities were not asked for.
        """
        if not set(kinds) <= set(KINDS):
            raise ValueError(f"kinds must be among {', '.join(KINDS)}, not {', '.join(kinds)}")
        if self.probabilities is None and {"npz", "png"} & set(kinds):
            raise ValueError("there are no probabilities; ask for them: probabilities=True")
        stem, written = Path(stem), []
        for head, part in {"": self, **self.heads}.items():
            for kind in kinds:
                endings = file_endings(head, part.class_names, kind)
                files = [stem.with_name(f"{stem.name}{ending}") for ending in endings]
                part._write(kind, files)
                written += files
        return written

    def _write(self, kind: str, files: Sequence[Path]) -> None:
        if kind == "label":
            write_palette_png(files[0], self.label, self.palette)
        elif kind == "overlay":
            save_png(files[0], self._overlay())
        elif self.probabilities is not None and kind == "npz":
            with atomic_write(files[0]) as file:
                names = np.array(self.class_names)
                np.savez(file, probabilities=self.probabilities, classes=names)
        elif self.probabilities is not None:
            for path, share in zip(files, self.probabilities, strict=True):
                save_png(path, np.rint(share * HIGHEST).astype(np.uint16))


def file_endings(head: str, class_names: Sequence[str], kind: str) -> list[str]:
    """Return what the files of one kind are called behind the stem."""
    of_head = f"_{head}" if head else ""
    if kind == "npz":
        return [f"{of_head}_probabilities.npz"]
    if kind != "png":
        return [f"{of_head}_{kind}.png"]
    safe = [re.sub(r"[^\w-]+", "-", name) for name in class_names]
    return [f"{of_head}_probability_{number:02}_{name}.png" for number, name in enumerate(safe)]
