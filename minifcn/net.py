"""Net: a directed acyclic graph of named layers, run forwards and backwards.

A net is an ordered list of (name, layer, bottoms): the layer reads the blobs called `bottoms` and
writes the blob called `name`. Whatever is read but never written is an input ("data", "label").
The order of the list is the order of execution.

The net decides who keeps what: a blob is dropped after its last reader, a cache after its use in
the backward pass, and nothing is computed that leads to no trainable parameter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any, NamedTuple

from minifcn.backend import Array, array_module, to_device, to_host
from minifcn.geometry import IDENTITY, ReceptiveField, coordinate_map, crop_offset
from minifcn.layers import Crop, Layer
from minifcn.layers.layer import Shape
from minifcn.summary import summarise


class Node(NamedTuple):
    """A layer at its place in a net."""

    name: str
    layer: Layer
    bottoms: tuple[str, ...]


class Tape(NamedTuple):
    """What a forward pass leaves behind for the backward pass; consumed by it."""

    nodes: list[Node]
    active: set[str]  # the blobs whose gradient is needed
    caches: dict[str, Any]
    outputs: dict[str, Array]
    wrt: tuple[str, ...]  # the inputs whose gradient is wanted


class Net:
    """A graph of named layers.

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

    def __init__(
        self,
        nodes: Iterable[tuple[str, Layer, str | Sequence[str]]],
        *,
        bias_multiplier: tuple[float, float] = (2.0, 0.0),
    ) -> None:
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
        self._owner: dict[int, str] = {}
        for node in self.nodes:
            if node.layer.params:
                self._owner.setdefault(id(node.layer), node.name)
        self.multipliers = {
            address: bias_multiplier if address.endswith("/bias") else (1.0, 1.0)
            for address in self.params
        }

    # -- parameters ---------------------------------------------------------------------------

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
            f"{name}/{kind}": array
            for name, layer in self.owners().items()
            for kind, array in layer.params.items()
        }

    def layer(self, name: str) -> Layer:
        """Return the layer of that name."""
        for node in self.nodes:
            if node.name == name:
                return node.layer
        raise KeyError(f"net: no layer is called {name!r}")

    def freeze(self, *patterns: str) -> None:
        """Give the parameters of all layers whose name matches a pattern the rate 0.

        Raises
        ------
        ValueError
            If a pattern matches no layer with parameters.
        """
        for pattern in patterns:
            found = [
                address
                for address in self.multipliers
                if fnmatchcase(address.rpartition("/")[0], pattern)
            ]
            if not found:
                raise ValueError(f"freeze: no layer with parameters matches {pattern!r}")
            self.multipliers.update(dict.fromkeys(found, (0.0, 0.0)))

    def to(self, xp: ModuleType) -> None:
        """Move all parameters to the device of `xp` (numpy or cupy)."""
        for layer in self.owners().values():
            for kind, array in layer.params.items():
                layer.params[kind] = to_device(to_host(array), xp)

    def astype(self, dtype: Any) -> None:
        """Convert all parameters, for example to float64 for a gradient check."""
        for layer in self.owners().values():
            for kind, array in layer.params.items():
                layer.params[kind] = array.astype(dtype)

    # -- execution ----------------------------------------------------------------------------

    def forward(
        self,
        inputs: Mapping[str, Array],
        *,
        outputs: Sequence[str] | None = None,
        train: bool = False,
        rng: Any = None,
        wrt: Sequence[str] = (),
    ) -> tuple[dict[str, Array], Tape | None]:
        """Run the layers that the outputs depend on.

        Parameters
        ----------
        inputs : dict from name to array
            Images (N, C, H, W), labels (N, H, W); only those that the outputs need.
        outputs : sequence of str, optional
            Blobs to return; by default those that no layer reads.
        train : bool
            Drop out, and keep what the backward pass needs.
        rng : numpy.random.Generator or CuPy's, optional
            For dropout.
        wrt : sequence of str
            Inputs whose gradient the backward pass shall yield as well.

        Returns
        -------
        outputs : dict from name to array
        tape : Tape for `backward`, or None when not training

        Raises
        ------
        ValueError
            If an input or an output is not there, or a layer cannot take what it is given; the
            message names the layer.
        """
        wanted = tuple(self.outputs if outputs is None else outputs)
        nodes = self.needed(wanted)
        read = Counter(bottom for node in nodes for bottom in node.bottoms) + Counter(wanted)
        missing = sorted(set(self.inputs) & set(read) - set(inputs))
        if missing:
            raise ValueError(f"net: the inputs {missing} are needed for {wanted} and not given")
        active = self._active(nodes, wrt) if train else set()
        blobs = {name: array for name, array in inputs.items() if read[name]}
        caches = {}
        for node in nodes:
            try:
                blobs[node.name], cache = node.layer.forward(
                    *(blobs[bottom] for bottom in node.bottoms), train=train, rng=rng
                )
            except ValueError as error:
                raise ValueError(f"layer {node.name}: {error}") from error
            if node.name in active:
                caches[node.name] = cache
            del cache
            for bottom in node.bottoms:
                read[bottom] -= 1
                if not read[bottom]:
                    del blobs[bottom]
        results = {name: blobs[name] for name in wanted}
        return results, Tape(nodes, active, caches, results, tuple(wrt)) if train else None

    def backward(
        self, tape: Tape, seeds: Mapping[str, Array] | None = None
    ) -> Iterator[tuple[str, Array]]:
        """Yield (address, gradient) of every trainable parameter, as soon as it is final.

        It is a generator so that a gradient can be used, and its memory given back, while the
        earlier layers are still at work. Collect all with `dict(net.backward(tape))`.

        Parameters
        ----------
        tape : Tape
            From `forward(..., train=True)`; its caches are consumed.
        seeds : dict from output name to array, optional
            The gradient of the objective with respect to outputs; by default 1 for each loss.

        Yields
        ------
        (address, array) of the parameter's shape; last, (name, array) for each input in `wrt`
        """
        gradients = _loss_seeds(tape) if seeds is None else dict(seeds)
        uses = Counter(self._owner.get(id(node.layer)) for node in tape.nodes)
        collected: dict[str, Array] = {}
        for node in reversed(tape.nodes):
            owner = self._owner.get(id(node.layer))
            uses[owner] -= 1
            dy = gradients.pop(node.name, None)
            cache = tape.caches.pop(node.name, None)
            if dy is not None and node.name in tape.active:
                dxs, dparams = node.layer.backward(
                    dy,
                    cache,
                    need_dx=any(bottom in tape.active for bottom in node.bottoms),
                    need_grads=self._trained(node.layer),
                )
                dxs = dxs if isinstance(dxs, tuple) else (dxs,)
                for bottom, dx in zip(node.bottoms, dxs, strict=True):
                    if bottom in tape.active and dx is not None:
                        _add(gradients, bottom, dx)
                for kind, gradient in dparams.items():
                    if self.multipliers[f"{owner}/{kind}"][0]:
                        _add(collected, f"{owner}/{kind}", gradient)
                dxs = dparams = gradient = dx = None  # whoever still needs them holds them now
            dy = cache = None
            if not uses[owner]:  # a layer used at several places has collected all its parts
                for address in [a for a in collected if a.rpartition("/")[0] == owner]:
                    yield address, collected.pop(address)
        for name in tape.wrt:
            yield name, gradients[name]

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

    def _trained(self, layer: Layer) -> bool:
        owner = self._owner.get(id(layer))
        return any(self.multipliers[f"{owner}/{kind}"][0] for kind in layer.params)

    def _active(self, nodes: Sequence[Node], wrt: Sequence[str]) -> set[str]:
        """Return the blobs whose gradient is needed: what depends on `wrt` or on a parameter."""
        active = set(wrt)
        for node in nodes:
            if self._trained(node.layer) or any(bottom in active for bottom in node.bottoms):
                active.add(node.name)
        return active

    # -- geometry -----------------------------------------------------------------------------

    def shapes(self, **inputs: Shape) -> dict[str, Shape]:
        """Return the shape of every blob that follows from the shapes of the given inputs."""
        shapes = dict(inputs)
        for node in self.nodes:
            if all(bottom in shapes for bottom in node.bottoms):
                try:
                    shapes[node.name] = node.layer.output_shape(*(shapes[b] for b in node.bottoms))
                except ValueError as error:
                    raise ValueError(f"layer {node.name}: {error}") from error
        return shapes

    def receptive_fields(self) -> dict[str, ReceptiveField]:
        """Return the receptive field and stride of every blob that has positions."""
        fields = dict.fromkeys(self.inputs, ReceptiveField())
        for node in self.nodes:
            footprint = node.layer.footprint()
            if footprint is not None and all(bottom in fields for bottom in node.bottoms):
                # A crop reads its second input for the size only.
                seen = node.bottoms[:1] if isinstance(node.layer, Crop) else node.bottoms
                widest = max((fields[bottom] for bottom in seen), key=lambda field: field.size)
                fields[node.name] = widest.through(footprint)
        return fields

    def summary(self, **inputs: Shape) -> str:
        """Return a table of the layers for these input shapes, e.g. `data=(1, 3, 500, 500)`.

        Columns: name, kind, output shape, parameters, GFLOP of the forward pass, receptive field
        and stride in pixels of the image.
        """
        return summarise(self, inputs)


def _loss_seeds(tape: Tape) -> dict[str, Array]:
    losses = {name: y for name, y in tape.outputs.items() if y.ndim == 0}
    if not losses:
        raise ValueError("backward: no output is a loss, so seeds must be given")
    return {name: array_module(y).ones_like(y) for name, y in losses.items()}


def _add(sums: dict[str, Array], name: str, term: Array) -> None:
    """Add to a sum; never in place, for a layer may have handed the same array to two inputs."""
    sums[name] = sums[name] + term if name in sums else term


def derive_crop(
    nodes: Iterable[tuple[str, Layer, str | Sequence[str]]], blob: str, reference: str
) -> tuple[int, int]:
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
    maps = {}
    for name, layer, bottoms in nodes:
        bottom = bottoms if isinstance(bottoms, str) else bottoms[0]
        before = maps.setdefault(bottom, IDENTITY)
        footprint = layer.footprint()
        if footprint is not None:
            step = coordinate_map(footprint)
            maps[name] = (step[0].after(before[0]), step[1].after(before[1]))
    unknown = {blob, reference} - maps.keys()
    if unknown:
        raise ValueError(f"crop: {sorted(unknown)} is no blob with positions among the nodes")
    return crop_offset(maps[blob], maps[reference])
