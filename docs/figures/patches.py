"""The loss of an image is that of all its patches: one pass computes what they share only once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from figures.grids import draw_grid
from figures.svg import HUES, Sheet

from minifcn.layers import Conv2d, MaxPool2d, ReLU, SoftmaxLoss
from minifcn.net import Net

SHAPE = (4, 6)  # of the output
SHOWN = ((0, 0), (1, 2), (1, 3), (3, 5))  # outputs whose patches are outlined
CELL = 8.5  # of a pixel of the image


def small_net() -> Net:
    """Return three convolutions and two poolings without padding: field 18, stride 4."""
    net = Net(
        [
            ("conv1", Conv2d(1, 2, 3), "data"),
            ("relu1", ReLU(), "conv1"),
            ("pool1", MaxPool2d(2), "relu1"),
            ("conv2", Conv2d(2, 3, 3), "pool1"),
            ("relu2", ReLU(), "conv2"),
            ("pool2", MaxPool2d(2), "relu2"),
            ("score", Conv2d(3, 2, 3), "pool2"),
            ("loss", SoftmaxLoss("none"), ("score", "label")),
        ]
    )
    net.astype("float64")
    rng = np.random.default_rng(1)
    for layer in net.owners().values():
        for name, array in layer.params.items():
            layer.params[name] = rng.integers(-8, 9, array.shape) / 16
    return net


def loss_and_gradient(net: Net, image: np.ndarray, label: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the loss of an image (H, W), and the gradient of the first layer's weight."""
    inputs = {"data": image[None, None], "label": label[None]}
    outputs, tape = net.forward(inputs, train=True)
    gradients = dict(net.backward(tape))
    return float(outputs["loss"]), gradients["conv1/weight"]


def flops(net: Net, size: Sequence[int]) -> int:
    """Return the cost of a forward pass over an image of this size."""
    shapes = net.shapes(data=(1, 1, *size))
    return sum(
        node.layer.flops(*(shapes[name] for name in node.bottoms))
        for node in net.nodes
        if node.name in shapes
    )


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "The loss of an image is the sum of the losses of its patches",
        "An image with the 24 overlapping patches that the 24 pixels of a net's output see, four "
        "of them outlined. Beside it the loss of each output pixel. Their sum is the loss of the "
        "image, and the gradients are equal as well; but one pass over the image costs a fifth of "
        "24 passes over patches.",
        462,
    )
    whole, gradient, losses, total = compared()
    net = small_net()
    size, stride = geometry(net)
    image, _ = example(size, stride)
    draw_patches(sheet, image.shape, size, stride)
    draw_losses(sheet, losses, int(coverage(image.shape, size, stride).max()))
    once, often = flops(net, image.shape), losses.size * flops(net, (size, size))
    draw_table(
        sheet,
        ("image, in one pass", f"{losses.size} patches, one by one"),
        ("loss", f"{whole:.2f}", f"{losses.sum():.2f}"),
        ("gradient of a weight", f"{gradient.flat[0]:.2f}", f"{total.flat[0]:.2f}"),
        ("floating-point operations", f"{once:,}", f"{often:,}"),
    )
    return sheet


def draw_losses(sheet: Sheet, losses: np.ndarray, shared: int) -> None:
    """Draw the loss of each pixel of the output, and say how many patches share one."""
    hues = dict(zip(SHOWN, HUES, strict=True))
    sheet.text(404, 60, f"loss of each of the {losses.size} pixels")
    sheet.text(404, 77, "of the output", fill="soft")
    draw_grid(
        sheet,
        404,
        98,
        losses,
        45,
        texts=lambda i, j: f"{losses[i, j]:.2f}",
        size=12.5,
        shade=lambda i, j: (hues[i, j], 0.35) if (i, j) in hues else None,
    )
    sheet.text(404, 300, f"A pixel in the middle lies in {shared} patches.", fill="soft")
    sheet.text(404, 317, "What they share is computed", fill="soft")
    sheet.text(404, 334, "only once in one pass.", fill="soft")


def draw_table(sheet: Sheet, head: Sequence[str], *rows: Sequence[str]) -> None:
    """Write the numbers of the image beside those of its patches."""
    for x, text in zip((310, 500), head, strict=True):
        sheet.text(x, 376, text)
    for line, (what, of_image, of_patches) in enumerate(rows, start=1):
        sheet.text(24, 376 + 22 * line, what)
        sheet.text(310, 376 + 22 * line, of_image, bold=True)
        sheet.text(500, 376 + 22 * line, of_patches, bold=True)


def compared() -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Compute an image at once and in patches.

    Returns
    -------
    whole, gradient : float and array (2, 1, 3, 3)
        Loss of the image, and the gradient of the first layer's weight.
    losses, total : array (4, 6) and array (2, 1, 3, 3)
        Loss of each patch, and the sum of their gradients.
    """
    net = small_net()
    size, stride = geometry(net)
    image, label = example(size, stride)
    whole, gradient = loss_and_gradient(net, image, label)
    losses, total = np.zeros(SHAPE), np.zeros_like(gradient)
    for i, j in np.ndindex(SHAPE):
        rows, columns = (slice(stride * n, stride * n + size) for n in (i, j))
        loss, of_patch = loss_and_gradient(net, image[rows, columns], label[i : i + 1, j : j + 1])
        losses[i, j], total = loss, total + of_patch
    return whole, gradient, losses, total


def geometry(net: Net) -> tuple[int, int]:
    """Return the side of a patch and the step from one to the next, in pixels."""
    field = net.receptive_fields()["score"]
    return int(field.size), int(field.stride)


def coverage(shape: tuple[int, ...], size: int, stride: int) -> np.ndarray:
    """Return, for each pixel of the image (H, W), how many patches it lies in."""
    count = np.zeros(shape, int)
    for i, j in np.ndindex(SHAPE):
        count[stride * i : stride * i + size, stride * j : stride * j + size] += 1
    return count


def example(size: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image (H, W) whose output has SHAPE, and a label for each pixel of that."""
    rng = np.random.default_rng(2)
    height, width = (size + stride * (n - 1) for n in SHAPE)
    return rng.integers(0, 17, (height, width)) / 8, rng.integers(0, 2, SHAPE)


def draw_patches(sheet: Sheet, shape: tuple[int, ...], size: int, stride: int) -> None:
    """Draw what the output's pixels see of the image, the more patches the darker."""
    left, top, step, side = 24, 84, stride * CELL, size * CELL
    sheet.text(left, 60, f"image, and the {size} × {size} patches that they see")
    for i, j in np.ndindex(SHAPE):
        sheet.rect(left + j * step, top + i * step, side, side, fill="soft", shade=0.05)
    for (i, j), hue in zip(SHOWN, HUES, strict=True):
        sheet.rect(left + j * step, top + i * step, side, side, stroke=hue, weight=2.5)
    for i, j in np.ndindex(SHAPE):
        hue = dict(zip(SHOWN, HUES, strict=True)).get((i, j), "soft")
        middle = left + j * step + side / 2, top + i * step + side / 2
        sheet.circle(*middle, 4.5 if hue != "soft" else 2, fill=hue)
    sheet.rect(left, top, shape[1] * CELL, shape[0] * CELL, stroke="ink")
