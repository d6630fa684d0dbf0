"""Stochastic gradient descent with momentum, in Caffe's form, and the accumulation of gradients.

One update of one parameter, element by element (`lr` is the learning rate of this step):

    g = gradient + weight_decay * decay_mult * weight
    velocity = momentum * velocity + lr * lr_mult * g
    weight = weight - velocity

The learning rate stands inside the velocity, so a change of it acts on new gradients only. PyTorch
keeps it outside; the two agree as long as it is constant.

Decay. What is made smaller is L + weight_decay/2 * sum_q weight[q]**2. Of the sum only the term
q = p depends on weight[p], so the derivative is gradient[p] + weight_decay * weight[p]: g above.

Momentum. The velocity of step t, put into itself back to the first, which began with 0, is

    velocity_t = lr*g_t + momentum * velocity_(t-1) = sum_(s <= t) momentum**(t - s) * lr*g_s

so one gradient moves the weight in every later step, by the geometric sum in the end:

    lr*g * (1 + momentum + momentum**2 + ...) = lr*g / (1 - momentum)

of which momentum**k is still to come after k steps. With 0.9 and an update every 20 images half is
done after 6.6 updates, 132 images; with 0.99 and an update an image after 69. They agree roughly:
0.9 ** (1/20) = 0.995 would be the same wait (`docs/layers/sgd.md`).

Source: Long et al. 2015, section 4.3 (momentum, weight decay, doubled rate of biases); Caffe's
`SGDSolver` for the order of the operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from minifcn.backend import Array, array_module, parallel_map, to_device, to_host
from minifcn.functional.cuda.bind import kernel
from minifcn.functional.cuda.sgd import launch_sgd

# Elements that one thread takes at a time, and the part of them it works on while they lie in its
# cache: weight, velocity, gradient and scratch of a chunk are 1 MiB together in float32.
_STRIP = 1 << 20
_CHUNK = 1 << 16


class SGD:
    """Gradient descent with momentum and weight decay on a set of parameters, in place.

    Parameters
    ----------
    params : dict of address to array, float32 or float64, NumPy or CuPy
        Updated in place, so it has to hold the very arrays that the net computes with.
    multipliers : mapping of address to (lr_mult, decay_mult)
        Factors on the learning rate and the weight decay of one parameter, (1, 1) where absent. A
        parameter with lr_mult 0 is frozen: it is never updated and has no velocity.
    momentum : float in [0, 1)
    weight_decay : float, at least 0

    Raises
    ------
    ValueError
        If a number is out of its range, a multiplier belongs to no parameter, or a parameter is
        not C-contiguous (it could not be updated in place chunk by chunk).
    """

    def __init__(
        self,
        params: dict[str, Array],
        multipliers: Mapping[str, tuple[float, float]],
        *,
        momentum: float,
        weight_decay: float,
    ) -> None:
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be at least 0 and below 1, not {momentum}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay must be at least 0, not {weight_decay}")
        unknown = sorted(set(multipliers) - set(params))
        if unknown:
            raise ValueError(f"multipliers are given for {unknown}, which are no parameters")
        for address, weight in params.items():
            if not weight.flags.c_contiguous:
                raise ValueError(f"parameter {address} is not C-contiguous; pass a copy that is")
        self.params = params
        self.momentum = momentum
        self.weight_decay = weight_decay
        self._multipliers = {address: multipliers.get(address, (1.0, 1.0)) for address in params}
        self._velocity = {
            address: array_module(weight).zeros(weight.shape, weight.dtype)
            for address, weight in params.items()
            if self._multipliers[address][0] != 0
        }

    def update(self, address: str, grad: Array, lr: float) -> None:
        """Update one parameter in place; a frozen one is left alone.

        Parameters
        ----------
        address : str
        grad : array
            Gradient of the loss, of the parameter's shape and on its device.
        lr : float
            The learning rate of this step, before the parameter's multiplier.

        Raises
        ------
        ValueError
            If there is no such parameter or the gradient has another shape.
        """
        if address not in self.params:
            raise ValueError(f"there is a gradient for {address!r}, which is no parameter")
        weight = self.params[address]
        if grad.shape != weight.shape:
            raise ValueError(
                f"the gradient of {address} must have the parameter's shape {weight.shape}, "
                f"not {grad.shape}"
            )
        lr_mult, decay_mult = self._multipliers[address]
        if lr_mult == 0:
            return
        apply = _update_chunks if array_module(weight) is np else _update_whole
        velocity = self._velocity[address]
        apply(weight, velocity, grad, lr * lr_mult, self.momentum, self.weight_decay * decay_mult)

    def step(self, grads: Mapping[str, Array], lr: float) -> None:
        """Update every parameter that `grads` has a gradient for; the others keep their value."""
        for address, grad in grads.items():
            self.update(address, grad, lr)

    def state(self) -> dict[str, Array]:
        """Return the velocity of each parameter that is not frozen: the arrays, not copies."""
        return dict(self._velocity)

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Copy velocities, as `state` returns them, into this optimizer.

        Raises
        ------
        ValueError
            If the addresses or a shape differ from this optimizer's; nothing is copied then.
        """
        if set(state) != set(self._velocity):
            differing = sorted(set(state) ^ set(self._velocity))
            raise ValueError(
                f"the momentum state does not belong to these parameters: {differing} are in one "
                "of the two only; resume with the net and the frozen layers it was saved with"
            )
        for address, velocity in self._velocity.items():
            if state[address].shape != velocity.shape:
                raise ValueError(
                    f"the momentum of {address} must have the shape {velocity.shape}, "
                    f"not {state[address].shape}"
                )
        for address, velocity in self._velocity.items():
            velocity[...] = to_device(to_host(state[address]), array_module(velocity))


@kernel(launch_sgd)
def _update_whole(
    weight: Array, velocity: Array, grad: Array, rate: float, momentum: float, decay: float
) -> None:
    """Apply the three lines at the head of this file to whole arrays."""
    velocity *= momentum
    velocity += rate * (decay * weight + grad)
    weight -= velocity


def _update_chunks(
    weight: Array, velocity: Array, grad: Array, rate: float, momentum: float, decay: float
) -> None:
    """Apply the same three lines, with the same roundings, chunk by chunk on all threads.

    Whole-array expressions would carry each operand from memory up to four times and write three
    temporaries as large as the parameter; here each is read once and the temporary stays in cache.
    """
    weight, velocity, grad = (array.reshape(-1) for array in (weight, velocity, grad))

    def update_strip(start: int) -> None:
        stop = min(start + _STRIP, weight.size)
        buffer = np.empty(min(_CHUNK, stop - start), weight.dtype)
        for low in range(start, stop, _CHUNK):
            chunk = slice(low, min(low + _CHUNK, stop))
            w, v, scratch = weight[chunk], velocity[chunk], buffer[: chunk.stop - low]
            np.multiply(w, decay, out=scratch)
            np.add(scratch, grad[chunk], out=scratch)
            np.multiply(scratch, rate, out=scratch)
            np.multiply(v, momentum, out=v)
            np.add(v, scratch, out=v)
            np.subtract(w, v, out=w)

    parallel_map(np, update_strip, range(0, weight.size, _STRIP))


class GradientAccumulator:
    """The mean of the gradients of `count` backward passes (Caffe's `iter_size`).

    A batch of `count` images then needs the memory of one: let the gradients of each pass go
    `through`, and update with the means that come out while the last pass goes on.

    Parameters
    ----------
    count : int, at least 1
        Backward passes for one update.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError(f"the number of backward passes must be at least 1, not {count}")
        self.count = count
        self._sums: dict[str, Array] = {}
        self._added: dict[str, int] = {}

    def through(self, gradients: Iterable[tuple[str, Array]]) -> Iterator[tuple[str, Array]]:
        """Add the gradients of one pass as they come; in the last one, yield each mean at once.

        A mean's array is the accumulator's own, until the next round.

        Raises
        ------
        ValueError
            If another pass has had other parameters, or gradients of other shapes.
        """
        for address, grad in gradients:
            self._add(address, grad)
            if self._added[address] == self.count:
                self._sums[address] /= self.count
                self._added[address] = 0
                yield address, self._sums[address]
        if len(set(self._added.values())) > 1:
            raise ValueError(f"not every pass has a gradient of each of {sorted(self._added)}")

    def _add(self, address: str, grad: Array) -> None:
        if address not in self._sums:
            self._sums[address] = grad.copy()
        elif self._sums[address].shape != grad.shape:
            raise ValueError(
                f"the gradient of {address} must have the shape {self._sums[address].shape} "
                f"of the one before, not {grad.shape}"
            )
        elif self._added[address] == 0:
            self._sums[address][...] = grad
        else:
            self._sums[address] += grad
        self._added[address] = self._added.get(address, 0) + 1
