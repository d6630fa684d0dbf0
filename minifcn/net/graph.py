"""Graph: what a net is made of: named layers, their parameters, their geometry.

A net is an ordered list of (name, layer, bottoms): the layer reads the blobs called `bottoms` and
writes the blob called `name`. Whatever is read but never written is an input ("data", "label").
The order of the list is the order of execution; `net.py` executes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from fractions import Fraction
from types import ModuleType
from typing import Any, NamedTuple

from minifcn.backend import Array, to_device, to_host
from minifcn.layers import Crop, Layer
from minifcn.layers.geometry import (
    IDENTITY,
    CoordMap,
    ReceptiveField,
    coordinate_map,
    crop_offset,
    grid_offset,
)
from minifcn.layers.layer import Shape

Nodes = Iterable[tuple[str, Layer, str | Sequence[str]]]


class Node(NamedTuple):
    """A layer at its place in a net."""

    name: str
    layer: Layer
    bottoms: tuple[str, ...]


class Graph:
    """A directed acyclic graph of named layers.

    Parameters
    ----------
    nodes : iterable of (name, layer, bottoms)
        `bottoms` is a blob name or a sequence of them, each an input or an earlier node.
    bias_multiplier : (float, float)
        Learning-rate and weight-decay multiplier of every bias; weights have (1, 1). The paper
        doubles the rate of biases, and the reference nets do not decay them (section 4.3).

    Attributes
    ----------
    nodes : list of Node
    inputs : tuple of str
        Blobs that the caller must supply.
    outputs : tuple of str
        Blobs that no layer reads.
    multipliers : dict from address to (lr_mult, decay_mult)
        An address is "layer/parameter"; a rate of 0 freezes the parameter.

    Raises
    ------
    ValueError
        If two nodes have the same name, or a bottom is produced only later.
    """

    def __init__(self, nodes: Nodes, *, bias_multiplier: tuple[float, float] = (2.0, 0.0)) -> None:
        self.nodes = [
            Node(name, layer, (bottoms,) if isinstance(bottoms, str) else tuple(bottoms))
            for name, layer, bottoms in nodes
        ]
        names = [node.name for node in self.nodes]
        read = list(dict.fromkeys(bottom for node in self.nodes for bottom in node.bottoms))
        self.inputs = tuple(name for name in read if name not in names)
        self.outputs = tuple(name for name in names if name not in read)
        known = set(self.inputs)
        for node in self.nodes:
            if node.name in known:
                raise ValueError(f"net: there are two blobs called {node.name!r}")
            late = [bottom for bottom in node.bottoms if bottom not in known]
            if late:
                raise ValueError(f"net: {node.name!r} reads {late}, which are produced only later")
            known.add(node.name)
        self._owner: dict[int, str] = {}  # of parameters, by the identity of their layer
        for node in self.nodes:
            if node.layer.params:
                self._owner.setdefault(id(node.layer), node.name)
        self.multipliers = {
            address: bias_multiplier if address.endswith("/bias") else (1.0, 1.0)
            for address in self.params
        }

    def owners(self) -> dict[str, Layer]:
        """Return the layers that hold parameters; one used at several places, under its first."""
        return {
            node.name: node.layer
            for node in self.nodes
            if self._owner.get(id(node.layer)) == node.name
        }

    @property
    def params(self) -> dict[str, Array]:
        """All parameters, from address ("conv1_1/weight") to array; the arrays are the layers'."""
        return {
            f"{owner}/{name}": array
            for owner, layer in self.owners().items()
            for name, array in layer.params.items()
        }

    def trained(self, layer: Layer) -> dict[str, str]:
        """Return the addresses of a layer's parameters that are not frozen, by their names."""
        if not layer.params:
            return {}
        if members := getattr(layer, "members", ()):  # several as one (see `siblings.py`)
            return {
                f"{number}/{name}": address
                for number, member in enumerate(members)
                for name, address in self.trained(member).items()
            }
        owner = self._owner.get(id(original(layer)))
        addresses = {name: f"{owner}/{name}" for name in layer.params}
        return {name: a for name, a in addresses.items() if self.multipliers[a][0]}

    def layer(self, name: str) -> Layer:
        """Return the layer of that name."""
        for node in self.nodes:
            if node.name == name:
                return node.layer
        raise KeyError(f"net: no layer is called {name!r}")

    def freeze(self, *patterns: str) -> None:
        """Give the parameters of all layers whose name matches a pattern the rate 0.

        A pattern that begins with "!" takes those that match it out again: `"conv*", "!conv5*"`.
        What is frozen already stays frozen.

        Raises
        ------
        ValueError
            If a pattern matches no layer with parameters; the message says what there is.
        """
        chosen: set[str] = set()
        for pattern in patterns:
            found = self._matching(pattern.removeprefix("!"), "freeze")
            chosen = chosen - found if pattern.startswith("!") else chosen | found
        self.multipliers |= dict.fromkeys(chosen, (0.0, 0.0))

    def multiply_rates(self, factors: Mapping[str, float]) -> None:
        """Multiply the rates of layers, of their weights and biases, by factors above 0.

        Parameters
        ----------
        factors : mapping of str to float
            By patterns of layers' names; of several that match a layer the last one counts.

        Raises
        ------
        ValueError
            If a pattern matches no layer with parameters, or only frozen ones.
        """
        chosen: dict[str, float] = {}
        for pattern, factor in factors.items():
            found = self._matching(pattern, "multiply_rates")
            if not any(self.multipliers[address][0] for address in found):
                raise ValueError(f"multiply_rates: all that matches {pattern!r} is frozen")
            chosen |= dict.fromkeys(found, factor)
        for address, factor in chosen.items():
            rate, decay = self.multipliers[address]
            self.multipliers[address] = (rate * factor, decay)

    def _matching(self, pattern: str, caller: str) -> set[str]:
        """Return the addresses of the parameters of the layers whose name a pattern matches."""
        found = {a for a in self.multipliers if fnmatchcase(a.rpartition("/")[0], pattern)}
        if not found:
            known = ", ".join(self.owners())
            message = f"{caller}: no layer with parameters matches {pattern!r}; there are {known}"
            raise ValueError(message)
        return found

    def count_trained(self) -> int:
        """Return how many numbers the parameters that are not frozen have together."""
        return sum(array.size for a, array in self.params.items() if self.multipliers[a][0])

    def to(self, xp: ModuleType) -> None:
        """Move all parameters to the device of `xp` (numpy or cupy)."""
        for layer in self.owners().values():
            for name, array in layer.params.items():
                layer.params[name] = to_device(to_host(array), xp)

    def astype(self, dtype: Any) -> None:
        """Convert all parameters, for example to float64 for a gradient check."""
        for layer in self.owners().values():
            for name, array in layer.params.items():
                layer.params[name] = array.astype(dtype)

    def needed(self, outputs: Sequence[str]) -> list[Node]:
        """Return the nodes that the outputs depend on, in order of execution."""
        unknown = set(outputs) - {node.name for node in self.nodes}
        if unknown:
            raise ValueError(f"net: no layer produces {sorted(unknown)}")
        wanted, nodes = set(outputs), []
        for node in reversed(self.nodes):
            if node.name in wanted:
                nodes.append(node)
                wanted.update(node.bottoms)
        return nodes[::-1]

    def shapes(self, **inputs: Shape) -> dict[str, Shape]:
        """Return the shape of every blob that follows from the shapes of the given inputs."""
        return blob_shapes(self.nodes, inputs)

    def receptive_fields(self) -> dict[str, ReceptiveField]:
        """Return the receptive field and stride of every blob that has positions."""
        fields = dict.fromkeys(self.inputs, ReceptiveField())
        for node in self.nodes:
            footprint = node.layer.footprint()
            if footprint is not None and all(bottom in fields for bottom in node.bottoms):
                # A crop reads its second input for the size only.
                read = node.bottoms[:1] if isinstance(node.layer, Crop) else node.bottoms
                widest = max((fields[bottom] for bottom in read), key=lambda field: field.size)
                fields[node.name] = widest.through(footprint)
        return fields


def original(layer: Layer) -> Layer:
    """Return the layer of the net that another stands for while it runs (see `border.py`)."""
    return getattr(layer, "original", layer)


def count_readers(nodes: Iterable[Node], outputs: Iterable[str] = ()) -> Counter[str]:
    """Return how often each blob is read: by the nodes, and by the caller who wants `outputs`."""
    return Counter(bottom for node in nodes for bottom in node.bottoms) + Counter(outputs)


def blob_shapes(nodes: Iterable[Node], inputs: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return the shape of every blob that follows from the shapes of the given inputs."""
    shapes = dict(inputs)
    for node in nodes:
        if all(bottom in shapes for bottom in node.bottoms):
            with naming(node):
                shapes[node.name] = node.layer.output_shape(*(shapes[b] for b in node.bottoms))
    return shapes


@contextmanager
def naming(node: Node) -> Iterator[None]:
    """Let the message of a ValueError begin with the name of the layer."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"layer {node.name}: {error}") from error


def derive_crop(nodes: Nodes, blob: str, reference: str) -> tuple[int, int]:
    """Return the offset at which `blob` must be cropped to lie on `reference` (see geometry.py).

    Parameters
    ----------
    nodes : the nodes of a net up to the crop
    blob, reference : str
        Names of nodes, or of an input.

    Raises
    ------
    ValueError
        If there is no such blob, or the grids do not match (see `geometry.crop_offset`).
    """
    return crop_offset(*coordinate_maps(nodes, blob, reference))


def derive_offset(nodes: Nodes, blob: str, reference: str) -> tuple[Fraction, Fraction]:
    """Return where in `blob` its reference begins, be it before it or between two pixels.

    Parameters and errors are those of `derive_crop`, for grids of one stride.
    """
    return grid_offset(*coordinate_maps(nodes, blob, reference))


def coordinate_maps(nodes: Nodes, *blobs: str) -> list[tuple[CoordMap, CoordMap]]:
    """Return the maps from the image to each blob; joined inputs lie where the first one does.

    Parameters and errors are those of `derive_crop`.
    """
    maps: dict[str, tuple[CoordMap, CoordMap]] = {}
    for name, layer, bottoms in nodes:
        bottom = bottoms if isinstance(bottoms, str) else bottoms[0]
        before = maps.setdefault(bottom, IDENTITY)
        footprint = layer.footprint()
        if footprint is not None:
            step = coordinate_map(footprint)
            maps[name] = (step[0].after(before[0]), step[1].after(before[1]))
    unknown = set(blobs) - maps.keys()
    if unknown:
        raise ValueError(f"crop: {sorted(unknown)} is no blob with positions among the nodes")
    return [maps[blob] for blob in blobs]
