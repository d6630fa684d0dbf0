"""The softmax loss per pixel on a GPU: a thread goes through the classes of its pixel.

The sums over pixels are left to CuPy's reductions, which add in a fixed order; adding them up here
with atomics would give another last digit in every run.

Twins: `_each_pixel` and `_to_scores` in `minifcn/functional/softmax.py`.
"""

from __future__ import annotations

from minifcn.backend import Array, array_module
from minifcn.functional.cuda.launch import TYPES, launch

# A label that is neither a class nor to be ignored cannot be reported from here without waiting
# for the device: it makes the loss NaN, and reads no memory.
SOFTMAX_LOSS = """
extern "C" __global__ void softmax_loss(
    Index count, const Real* __restrict__ scores, const Label* __restrict__ label,
    const Real* __restrict__ class_weight, Real* __restrict__ probability,
    Real* __restrict__ surprise, Real* __restrict__ weight,
    Index classes, Index pixels, Index ignore, Real nan)
{
    FOR_EACH(number, count) {  // count = N * pixels
        const Index start = number / pixels * classes * pixels + number % pixels;
        const Index stop = start + classes * pixels;
        Real largest = scores[start], sum = 0;
        for (Index k = start; k < stop; k += pixels) {
            if (scores[k] > largest || scores[k] != scores[k]) largest = scores[k];
        }
        for (Index k = start; k < stop; k += pixels) {
            probability[k] = exp(scores[k] - largest);
            sum += probability[k];
        }
        for (Index k = start; k < stop; k += pixels) probability[k] /= sum;

        const long long given = label[number];
        const bool valid = given != ignore;
        const Index c = valid ? (Index)given : 0;
        if (given < 0 || given >= classes ? valid : false) {
            surprise[number] = nan;
            weight[number] = 1;
            continue;
        }
        surprise[number] = log(sum) - (scores[start + c * pixels] - largest);
        weight[number] = !valid ? (Real)0 : class_weight ? class_weight[c] : (Real)1;
    }
}
"""

SOFTMAX_LOSS_BACKWARD = """
extern "C" __global__ void softmax_loss_backward(
    Index count, const Real* __restrict__ dloss, const Real* __restrict__ probability,
    const Label* __restrict__ label, const Real* __restrict__ weight, Real* __restrict__ dscores,
    Index classes, Index pixels)
{
    FOR_EACH(number, count) {  // count = N * classes * pixels
        const Index c = number / pixels % classes;
        const Index pixel = number / pixels / classes * pixels + number % pixels;
        Real gradient = probability[number] * weight[pixel];  // weight: 0 where ignored
        if ((long long)label[pixel] == c) gradient -= weight[pixel];
        dscores[number] = gradient * *dloss;
    }
}
"""


def launch_softmax_loss(
    scores: Array, label: Array, class_weight: Array | None, ignore_index: int
) -> tuple[Array, Array, Array, Array]:
    """Return the parts of the loss before it is normalised and summed, as `_each_pixel` does.

    The surprise is NaN where the label is no class. The labels are those given, in a type that the
    backward kernel takes.
    """
    xp = array_module(scores)
    label = label if label.dtype.name in TYPES["Label"] else label.astype(xp.int64)
    probability = xp.empty(scores.shape, scores.dtype)
    surprise = xp.empty(label.shape, scores.dtype)
    weight = xp.empty(label.shape, scores.dtype)
    classes, pixels = _sizes(scores)
    arrays = (scores, label, class_weight, probability, surprise, weight)
    launch(SOFTMAX_LOSS, label.size, *arrays, classes, pixels, ignore_index, float("nan"))
    return probability, surprise, label, weight


def launch_softmax_loss_backward(
    dloss: Array, probability: Array, label: Array, weight: Array
) -> Array:
    """Return dscores = dloss * weight * (probability - onehot(label))."""
    xp = array_module(probability)
    dscores = xp.empty(probability.shape, probability.dtype)
    dloss = xp.asarray(dloss, probability.dtype)
    arrays = (dloss, probability, label, weight, dscores)
    launch(SOFTMAX_LOSS_BACKWARD, dscores.size, *arrays, *_sizes(probability))
    return dscores


def _sizes(scores: Array) -> tuple[int, int]:
    """Return the number of classes and of pixels in an image: 1 for a classifier's scores."""
    n, classes = scores.shape[:2]
    return classes, scores.size // max(1, n * classes)
