"""Net surgery: carrying weights from one net into another by their addresses.

A fully connected layer of a classifier becomes a convolution without touching a number: weights
(O, C*KH*KW) are those of (O, C, KH, KW), read in the same order (section 3.1 of the paper).

Source: the reference's `surgery.transplant`, which drops what does not match without a word; here
everything left over is an error unless it was announced.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np

from minifcn.backend import Array, array_module, to_device, to_host
from minifcn.weights.store import WeightsError

Shape = tuple[int, ...]


class Match(NamedTuple):
    """A source array and the parameter that it is meant for."""

    source: str
    address: str
    source_shape: Shape
    shape: Shape

    @property
    def names(self) -> str:
        """The address, preceded by the source's if that is another."""
        return self.address if self.source == self.address else f"{self.source} -> {self.address}"


class Report(NamedTuple):
    """What a transplant did with each array; printing it gives a table."""

    loaded: tuple[Match, ...]  # copied
    reshaped: tuple[Match, ...]  # copied in row-major order into another shape
    missing: tuple[str, ...]  # parameters that the source has nothing for; unchanged
    unexpected: tuple[str, ...]  # source arrays that no parameter is named after; not used
    misshapen: tuple[Match, ...]  # shapes that do not fit; unchanged

    def __str__(self) -> str:
        """Return a line of counts and one line for each array: what, from where, to where."""
        lines = [", ".join(f"{len(rows)} {kind}" for kind, rows in self._asdict().items())]
        lines += [f"loaded      {m.names}  {m.shape}" for m in self.loaded]
        lines += [f"reshaped    {m.names}  {m.source_shape} -> {m.shape}" for m in self.reshaped]
        lines += [
            f"misshapen   {m.names}  {m.source_shape} is not {m.shape}  (unchanged)"
            for m in self.misshapen
        ]
        lines += [f"missing     {address}  (unchanged)" for address in self.missing]
        lines += [f"unexpected  {source}  (not used)" for source in self.unexpected]
        return "\n".join(lines)


def transplant(
    params: Mapping[str, Array],
    source: Mapping[str, Array],
    *,
    strict: bool = True,
    rename: Callable[[str], str] | None = None,
    may_be_missing: Collection[str] = (),
    may_be_unexpected: Collection[str] = (),
) -> Report:
    """Copy source arrays into the parameters of the same address, in place.

    Where the shapes differ but the number of elements and of outputs (the first axis) agree, the
    elements are copied in row-major order.

    Parameters
    ----------
    params : mapping of address to array, NumPy or CuPy
        The destination; its arrays are written to.
    source : mapping of address to array
    strict : bool
        Refuse to leave anything over that was not announced. Otherwise only report it.
    rename : callable, optional
        From a source address to the parameter it is for, e.g. for the second stream of a net.
    may_be_missing : collection of str
        Patterns (as of file names, "score*") of parameters that may stay as they are: new layers,
        or those for another number of classes.
    may_be_unexpected : collection of str
        Patterns of source addresses that need not be used, e.g. "fc8/*" of a classifier.

    Returns
    -------
    Report

    Raises
    ------
    WeightsError
        If `strict` and something is left over, two source arrays are for one parameter, or a
        value is infinite or not a number.
        Nothing is copied then.
    """
    report = _compare(params, source, rename or (lambda address: address))
    if strict:
        _refuse_leftovers(report, may_be_missing, may_be_unexpected)
    matches = (*report.loaded, *report.reshaped)
    for match in matches:
        _refuse_not_finite(match.source, to_host(source[match.source]))
    for match in matches:
        weight = params[match.address]
        array = to_host(source[match.source]).reshape(match.shape)
        weight[...] = to_device(array, array_module(weight))
    return report


def _refuse_not_finite(address: str, array: np.ndarray) -> None:
    if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
        raise WeightsError(
            f"{address} holds values that are infinite or not a number: a training has diverged, "
            "or the file is damaged; take other weights"
        )


def _compare(
    params: Mapping[str, Array], source: Mapping[str, Array], rename: Callable[[str], str]
) -> Report:
    """Sort all arrays into the five groups of a report."""
    found: dict[str, Match] = {}
    unexpected: list[str] = []
    for name, array in source.items():
        address = rename(name)
        if address not in params:
            unexpected.append(name)
        elif address in found:
            raise WeightsError(f"{found[address].source} and {name} are both for {address}")
        else:
            found[address] = Match(name, address, array.shape, params[address].shape)
    matches = [found[address] for address in params if address in found]  # in the net's order
    equal = [match for match in matches if match.source_shape == match.shape]
    others = [match for match in matches if match.source_shape != match.shape]
    fitting = [m for m in others if _same_layout(source[m.source], params[m.address])]
    return Report(
        loaded=tuple(equal),
        reshaped=tuple(fitting),
        missing=tuple(address for address in params if address not in found),
        unexpected=tuple(unexpected),
        misshapen=tuple(match for match in others if match not in fitting),
    )


def _same_layout(source: Array, weight: Array) -> bool:
    """Return whether the elements of the two mean the same, read one after the other.

    Equal counts alone would take a transposed weight. Axes of length 1 are passed over because old
    Caffe files put them in front: (1, 1, 1, O) is a bias.
    """
    outputs = next((length for length in source.shape if length != 1), 1)
    return bool(source.size == weight.size and weight.shape[:1] in ((), (1,), (outputs,)))


def _refuse_leftovers(
    report: Report, may_be_missing: Collection[str], may_be_unexpected: Collection[str]
) -> None:
    """Raise WeightsError for everything left over that no pattern covers."""

    def uncovered(names: Collection[str], patterns: Collection[str]) -> list[str]:
        return [n for n in names if not any(fnmatchcase(n, pattern) for pattern in patterns)]

    missing = uncovered(report.missing, may_be_missing)
    misshapen = uncovered([match.address for match in report.misshapen], may_be_missing)
    unexpected = uncovered(report.unexpected, may_be_unexpected)
    reasons = [f"the source has no {address}" for address in missing]
    reasons += [f"the net has nothing for {name}" for name in unexpected]
    reasons += [
        f"{match.address} has the shape {match.shape}, but the source's is {match.source_shape}"
        for match in report.misshapen
        if match.address in misshapen
    ]
    if reasons:
        raise WeightsError(
            f"the weights do not fit the net: {'; '.join(reasons)}; are they of the same "
            "architecture, width and number of classes?"
        )


def widened(weight: np.ndarray, channels: int) -> np.ndarray:
    """Return a first convolution that takes further channels, as RGB-D's depth (section 5).

    The filters of the new channels are the mean of the old ones, so that depth is at first looked
    at as brightness is.

    Parameters
    ----------
    weight : array (F, C, KH, KW)
    channels : int
        At least C.

    Returns
    -------
    array (F, channels, KH, KW)

    Raises
    ------
    WeightsError
        If the weight takes more channels than that.

    Source
    ------
    The reference's nyud-fcn32s-color-d, whose `conv1_1_bgrd` starts so.
    """
    extra = channels - weight.shape[1]
    if extra < 0:
        raise WeightsError(
            f"a convolution of {weight.shape[1]} channels cannot be widened to {channels}"
        )
    mean = weight.mean(axis=1, keepdims=True)
    return np.concatenate([weight, *[mean] * extra], axis=1)


def duplicated(params: Mapping[str, Array], streams: Collection[str]) -> dict[str, Array]:
    """Return the parameters of one net for several streams of it, as late fusion has (section 5).

    A stream is what is appended to the layers' names: "conv1_1" becomes "conv1_1hha". The arrays
    are those of `params`, not copies.
    """
    return {
        f"{layer}{stream}/{part}": array
        for stream in streams
        for (layer, _, part), array in ((a.rpartition("/"), p) for a, p in params.items())
    }
