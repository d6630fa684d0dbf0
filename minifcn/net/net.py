"""Net: a graph of named layers, run forwards and backwards.

The net decides who keeps what: a blob is dropped after its last reader, a cache after its use in
the backward pass, and nothing is computed that leads to no trainable parameter.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from minifcn.backend import Array, array_module, synchronize
from minifcn.layers import Layer
from minifcn.layers.layer import Shape
from minifcn.net.fusion import fuse, run_fused
from minifcn.net.graph import Graph, Node, derive_crop
from minifcn.net.recompute import Again, is_block, merge_blocks, run_block
from minifcn.net.summary import summarise

__all__ = ["Net", "Node", "Tape", "derive_crop"]


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
        Called with (layer, "forward" or "backward", seconds) after each; see `profiling.py`.
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
        nodes = self.needed(wanted)
        read = Counter(bottom for node in nodes for bottom in node.bottoms) + Counter(wanted)
        missing = sorted(set(self.inputs) & set(read) - set(inputs))
        if missing:
            raise ValueError(f"net: the inputs {missing} are needed for {wanted} and not given")
        active = self._active(nodes, wrt) if train else set()
        blobs = {name: array for name, array in inputs.items() if read[name]}
        caches: dict[str, Any] = {}
        groups = fuse(nodes, wanted, train=train)
        for group in merge_blocks(groups, wanted) if train and recompute else groups:
            began = time.perf_counter()
            node, bottoms = group[0], [blobs[bottom] for bottom in group[0].bottoms]
            try:
                if train and recompute and is_block(group):
                    y, _ = run_block(group, *bottoms, train=False)
                    made = {group[-1].name: Again(group, *bottoms)}
                elif len(group) > 1:
                    y, made = run_fused(group, *bottoms, train=train)
                else:
                    y, cache = node.layer.forward(*bottoms, train=train, rng=rng)
                    made = {node.name: cache}
                    del cache
            except ValueError as error:
                raise ValueError(f"layer {node.name}: {error}") from error
            blobs[group[-1].name] = y
            caches.update((name, cache) for name, cache in made.items() if name in active)
            self._report(node.name, "forward", began, y)
            del y, made, bottoms
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
                began = time.perf_counter()
                if isinstance(cache, Again):
                    _, caches = run_block(*cache, train=True)
                    tape.caches.update(caches)
                    cache = tape.caches.pop(node.name)
                    del caches
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
                del dxs, dx, dparams  # whoever still needs them holds them now
                self._report(node.name, "backward", began, dy)
            del dy, cache
            if not uses[owner]:  # a layer used at several places has collected all its parts
                for address in [a for a in collected if a.rpartition("/")[0] == owner]:
                    yield address, collected.pop(address)
        for name in tape.wrt:
            if name in gradients:  # an input read for its size only has no gradient
                yield name, gradients[name]

    def _report(self, layer: str, direction: str, began: float, array: Array) -> None:
        if self.clock is not None:
            synchronize(array_module(array))
            self.clock(layer, direction, time.perf_counter() - began)

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
