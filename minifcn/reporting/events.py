"""The events of a run for TensorBoard, in the folder `tensorboard` of the run.

They say again what the log and the samples say: whenever a training begins or goes on, the events
of before are replaced by those of the log. So none comes twice, and none is of updates that were
lost and made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minifcn.inference.metrics import FIGURES
from minifcn.reporting.run_record import sample_pictures
from minifcn.system.extras import optional
from minifcn.system.files import remove
from minifcn.system.records import fits
from minifcn.training.run_log import read_log

ENDING = ".minifcn"  # of the files that are ours


class Events:
    """Writes the events of a run.

    Raises
    ------
    ExtraError
        If what writes them is not installed.
    """

    def __init__(self) -> None:
        self._make_writer = optional("tensorboardX", "tensorboard").SummaryWriter
        self._writer: Any = None
        self._drawn: set[int] = set()

    def begin(self, folder: Path) -> None:
        """Write what the log of a run tells so far, in place of what was there."""
        for old in (folder / "tensorboard").glob(f"events.out.tfevents.*{ENDING}"):
            remove(old)
        self._drawn = set()
        self._writer = self._make_writer(str(folder / "tensorboard"), filename_suffix=ENDING)
        for record in read_log(folder / "log.jsonl"):
            self.add(record)
        self.add_samples(folder)

    def add(self, record: Mapping[str, Any]) -> None:
        """Add an update or an evaluation, as the log has it."""
        number = record["number"]
        for tag, name in (("loss/net", "loss"), ("loss/pixel", "pixel_loss"), ("rate", "rate")):
            self._add_number(tag, record.get(name), number)
        heads = record.get("heads")
        for head, figures in {"": record, **(heads if isinstance(heads, dict) else {})}.items():
            for name in FIGURES:
                self._add_number("/".join(filter(None, (head, name))), figures.get(name), number)

    def _add_number(self, tag: str, value: Any, number: int) -> None:
        if fits(value, float):
            self._writer.add_scalar(tag, value, number)

    def add_samples(self, folder: Path) -> None:
        """Add the sample pictures that are new, and see to it that all events are written."""
        for number, paths in sample_pictures(folder / "samples").items():
            if number not in self._drawn:
                for place, path in enumerate(paths):
                    with Image.open(path) as picture:
                        pixels = np.asarray(picture.convert("RGB"))
                    self._writer.add_image(f"sample/{place}", pixels, number, dataformats="HWC")
                self._drawn.add(number)
        self._writer.flush()

    def end(self) -> None:
        """Close the file."""
        self._writer.close()
