"""A net that has been opened for a page: itself, its stages, its past, and what is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from minifcn.data.dataset import DataError
from minifcn.exploring import kept
from minifcn.exploring.branches import Branches, find_branches
from minifcn.exploring.kept import Kept, choose, scores_of
from minifcn.exploring.moments import Moment, find_moments, stage_folders
from minifcn.exploring.stages import Stage, find_stages
from minifcn.exploring.stamps import is_bilinear
from minifcn.exploring.subjects import Subject
from minifcn.exploring.values import Arrays, net_data, stage_values
from minifcn.inference.model import Model, load_segmenter
from minifcn.inference.scores import refuse_too_small
from minifcn.layers import Deconv2d
from minifcn.net.heads import net_heads
from minifcn.system.mishaps import Mishap


class ExploreError(Mishap, ValueError):
    """A net that cannot be shown; the message says why, and what to do."""


class Opened(NamedTuple):
    """A net."""

    model: Model
    output: str  # the stage of the answer
    stages: dict[str, Stage]
    branches: Branches | None
    relatives: dict[str, Model]  # other nets of the same training, by their architectures
    moments: list[Moment]

    @property
    def residual(self) -> str:
        """Return the stage whose values are kept as differences, "" if there is none."""
        if self.branches is None:
            return ""
        layer = self.stages[self.branches.last].layer
        return self.branches.last if isinstance(layer, Deconv2d) and is_bilinear(layer) else ""


def open_net(source: Path) -> Opened:
    """Open a net for a page.

    Parameters
    ----------
    source : Path
        A weight file, the folder of a run, or one of the stages of a training.

    Raises
    ------
    WeightsError
        If there is none, or it is no net that segments.
    ExploreError
        If the net sees more than colour, which the page has no pictures for.
    """
    model = load_segmenter(source)
    if model.spec.modality != "rgb":
        raise ExploreError(
            f"{source}: the net sees {model.spec.modality}, and the page shows nets that see "
            "colour alone; give one that was trained without --modality"
        )
    output = net_heads(model.net)[0].score
    stages = find_stages(model.net, output)
    others = [
        load_segmenter(path)
        for path in stage_folders(source).values()
        if path != source and (path / "weights.h5").is_file()
    ]
    relatives = {
        other.spec.arch: other
        for other in others
        if other.spec.arch != model.spec.arch
        and (other.class_names, other.spec.modality) == (model.class_names, model.spec.modality)
    }
    moments = find_moments(source, model)
    return Opened(model, output, stages, find_branches(stages, output), relatives, moments)


def look(opened: Opened, subjects: Sequence[Subject]) -> tuple[list[Arrays], Kept]:
    """Return the values of all stages for each picture, and what of them is to be kept.

    Raises
    ------
    ExploreError
        If a window of the net finds no place in a picture.
    """
    for subject in subjects:
        try:
            refuse_too_small(opened.model.net, {"data": 3}, subject.image.shape[:2])
        except DataError as error:
            raise ExploreError(f"{subject.name}: {error}") from error
    values = [
        stage_values(opened.model.net, opened.stages, net_data(opened.model, subject.image))
        for subject in subjects
    ]
    parts = opened.branches.parts if opened.branches else ()
    return values, choose(
        opened.stages, values, scores_of(opened.stages, parts, opened.output), kept.VALUES
    )
