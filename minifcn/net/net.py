"""Net: a graph of named layers, run forwards and backwards.

The net decides who keeps what: a blob is dropped after its last reader, a cache after its use in
the backward pass, and nothing is computed that leads to no trainable parameter.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

from minifcn.backend import Array, array_module, synchronize
from minifcn.functional.fast.recycle import recycled
from minifcn.layers.layer import Shape
from minifcn.net.border import FOLDED, fold_border
from minifcn.net.branches import side_by_side
from minifcn.net.fusion import fuse, run_group
from minifcn.net.graph import Graph, Node, count_readers, naming, original
from minifcn.net.recompute import Again, find_blocks, run_again
from minifcn.net.siblings import JOINED, Part, join_siblings
from minifcn.net.summary import summarise


class Tape(NamedTuple):
    """What a forward pass leaves behind for the backward pass; consumed by it."""

    nodes: list[Node]
    active: set[str]  # the blobs whose gradient is needed
    caches: dict[str, Any]
    outputs: dict[str, Array]
    wrt: tuple[str, ...]  # the inputs whose gradient is wanted


class Net(Graph):
    """A graph that can be executed; see `Graph` for its arguments and further attributes.

    Attributes
    ----------
    clock : callable or None
        Called with (layer, "forward" or "backward", seconds) after each.
    """

    clock: Callable[[str, str, float], None] | None = None

    def forward(
        self,
        inputs: Mapping[str, Array],
        *,
        outputs: Sequence[str] | None = None,
        train: bool = False,
        rng: Any = None,
        wrt: Sequence[str] = (),
        recompute: bool = False,
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
        recompute : bool
            Keep less for the backward pass and compute it again there; see `recompute.py`.

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
        shapes = {name: array.shape for name, array in inputs.items()}
        nodes = fold_border(self.needed(wanted), wanted, shapes)
        nodes = join_siblings(nodes, wanted) if train else side_by_side(nodes, wanted)
        readers = count_readers(nodes, wanted)
        blobs = self._used(inputs, readers, wanted)
        xp = array_module(*blobs.values())
        active = self.active(nodes, wrt) if train else set()
        blocks = find_blocks(nodes, readers) if train and recompute else {}
        again = {node.name for block in blocks.values() for node in block}
        cached = {node.name for node in nodes} - again if train else set()
        caches: dict[str, Any] = {}
        for group in fuse(nodes, readers, cached):
            first, last = group[0], group[-1]
            bottoms = [blobs[bottom] for bottom in first.bottoms]
            with naming(first), self._timed(first, "forward", xp):
                blobs[last.name], made = run_group(
                    group, bottoms, train=first.name in cached, rng=rng
                )
            if block := blocks.get(first.name):
                made[block[-1].name] = Again(block, *bottoms)
            caches.update((name, cache) for name, cache in made.items() if name in active)
            del bottoms, made  # whoever still needs them holds them now
            release(blobs, readers, first.bottoms)
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
        xp = array_module(*gradients.values())
        places = Counter(id(original(node.layer)) for node in tape.nodes)
        sums: dict[str, Array] = {}  # of the parameters' gradients, over the places of their layer
        own: set[str] = set()  # the sums of gradients that were made here
        for node in reversed(tape.nodes):
            if node.name in tape.active and node.name in gradients:
                with self._timed(node, "backward", xp):
                    self._run_backward(node, tape, gradients, sums, own)
            tape.caches.pop(node.name, None)  # of a node that no gradient has reached
            layer = original(node.layer)
            places[id(layer)] -= 1
            if not places[id(layer)]:
                for address in self.trained(node.layer).values():
                    if address in sums:
                        yield address, sums.pop(address)
        for name in tape.wrt:
            if name in gradients:  # an input read for its size only has no gradient
                yield name, gradients[name]

    def _run_backward(
        self,
        node: Node,
        tape: Tape,
        gradients: dict[str, Array],
        sums: dict[str, Array],
        own: set[str],
    ) -> None:
        """Take a node's gradient and cache; add what follows to those of its inputs and `sums`."""
        cache = tape.caches.pop(node.name)
        if isinstance(cache, Again):
            tape.caches.update(run_again(cache))
            cache = tape.caches.pop(node.name)
        trained = self.trained(node.layer)
        needs = {}
        if node.layer.params:
            needs["need_dx"] = any(bottom in tape.active for bottom in node.bottoms)
            needs["need_grads"] = bool(trained)
        dxs, grads = node.layer.backward(gradients.pop(node.name), cache, **needs)
        dxs = dxs if isinstance(dxs, tuple) else (dxs,)
        for bottom, dx in zip(node.bottoms, dxs, strict=True):
            if bottom in tape.active and dx is not None:
                _add(gradients, own, bottom, dx)
        for name, address in trained.items():
            _add(sums, own, address, grads[name])

    @contextmanager
    def _timed(self, node: Node, direction: str, xp: ModuleType) -> Iterator[None]:
        """Tell the clock, if there is one, how long a node took."""
        began = time.perf_counter()
        yield
        if self.clock is not None:
            synchronize(xp)
            name = node.name.removesuffix(FOLDED).removesuffix(JOINED)
            self.clock(name, direction, time.perf_counter() - began)

    def _used(
        self, inputs: Mapping[str, Array], readers: Mapping[str, int], wanted: Sequence[str]
    ) -> dict[str, Array]:
        """Return the inputs that are read, or raise ValueError if one is not given."""
        missing = sorted(set(self.inputs) & set(readers) - set(inputs))
        if missing:
            raise ValueError(f"net: the inputs {missing} are needed for {wanted} and not given")
        return {name: array for name, array in inputs.items() if name in readers}

    def active(self, nodes: Sequence[Node], wrt: Sequence[str]) -> set[str]:
        """Return the blobs whose gradient is needed: what depends on `wrt` or on a parameter."""
        active = set(wrt)
        for node in nodes:
            if self.trained(node.layer) or any(bottom in active for bottom in node.bottoms):
                active.add(node.name)
        return active

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


def release(blobs: dict[str, Array], readers: Counter[str], read: Sequence[str]) -> None:
    """Drop the blobs, just read, that nobody will read again."""
    for name in read:
        readers[name] -= 1
        if not readers[name]:
            del blobs[name]


def _add(sums: dict[str, Array], own: set[str], name: str, term: Array | Part) -> None:
    """Add to a sum; in place from the third term on: a layer may hand one array to two inputs."""
    if isinstance(term, Part):
        sums[name] = term.add_to(sums.get(name))  # all that is told of such a blob are parts
    elif name in own:
        sums[name] += term
    elif name in sums:
        xp = array_module(term)
        sums[name] = xp.add(sums[name], term, out=recycled(xp, term.shape, term.dtype))
        own.add(name)
    else:
        sums[name] = term
