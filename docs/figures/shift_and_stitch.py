"""Shift-and-stitch: outputs of shifted images, interlaced, are those of a net without stride."""

from __future__ import annotations

import numpy as np
from figures.grids import draw_grid, outline
from figures.svg import HUES, Sheet

from minifcn.functional.conv import conv2d_forward
from minifcn.functional.pooling import max_pool_forward
from minifcn.functional.window import PoolWindow

IMAGE = np.random.default_rng(5).integers(0, 10, (9, 9)).astype(float)
KERNEL = np.array([[1, 1], [0, 1]], float)


def net(image: np.ndarray, stride: int) -> np.ndarray:
    """Return a max pooling of 2 x 2 and a 2 x 2 convolution, with a total stride of 2 or 1.

    Where the pooling does not skip every other window, the kernel does, by its dilation.
    """
    pool = PoolWindow((2, 2), (stride, stride), ceil=False)
    pooled, _ = max_pool_forward(image[None, None], pool)
    y, _ = conv2d_forward(pooled, KERNEL[None, None], dilation=2 // stride)
    return y[0, 0]


def stitched(image: np.ndarray) -> np.ndarray:
    """Return the outputs for four shifts of the image, interlaced."""
    y = np.zeros((6, 6))
    for a, b in np.ndindex(2, 2):
        y[a::2, b::2] = net(image[a:, b:], stride=2)
    return y


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "Shift-and-stitch = the same net without stride, its kernel with holes",
        "An image goes through a net of stride 2 four times, shifted by 0 or 1 pixels each way. "
        "The four 3 x 3 outputs, interlaced, are a 6 x 6 output. The net without stride, whose "
        "kernel has holes, gives the same 6 x 6 numbers at once.",
        528,
    )
    image = draw_grid(sheet, 24, 88, IMAGE, 20, size=11)
    sheet.text(24, 56, "image, and where it begins")
    sheet.text(24, 73, "when shifted by 0 or 1", fill="soft")
    sheet.text(262, 56, "four times through")
    sheet.text(262, 73, "pool 2 × 2, stride 2, then conv", fill="soft")
    sheet.text(506, 56, "interlaced")

    def hue(i: int, j: int) -> tuple[str, float]:
        return HUES[2 * (i % 2) + j % 2], 0.25

    for number, stroke in enumerate(HUES):
        a, b = divmod(number, 2)
        outline(sheet, image, (a, 8), (b, 8), stroke=stroke, inset=-1 if number == 0 else 1)
        part = net(IMAGE[a:, b:], stride=2)
        draw_grid(
            sheet,
            262 + 94 * b,
            88 + 94 * a,
            part,
            28,
            shade=lambda *_, stroke=stroke: (stroke, 0.25),
        )
    sheet.arrow((image.right + 10, 175), (252, 175))
    sheet.arrow((450, 175), (496, 175))
    draw_grid(sheet, 506, 88, stitched(IMAGE), 28, shade=hue)

    draw_grid(sheet, 506, 320, net(IMAGE, stride=1), 28)
    sheet.text(590, 288, "=", anchor="middle", size=18, bold=True)
    holes = np.zeros((3, 3))
    holes[::2, ::2] = KERNEL
    sheet.text(262, 330, "once through")
    sheet.text(262, 347, "pool 2 × 2, stride 1, then conv", fill="soft")
    sheet.text(262, 364, "whose kernel has holes:", fill="soft")
    kernel = draw_grid(sheet, 262, 404, KERNEL, 28)
    with_holes = draw_grid(
        sheet,
        372,
        390,
        holes,
        28,
        texts=lambda i, j: "" if i % 2 or j % 2 else f"{holes[i, j]:g}",
        shade=lambda i, j: ("ink", 0.08) if i % 2 or j % 2 else None,
    )
    sheet.arrow((kernel.right + 8, 432), (with_holes.x - 8, 432))
    sheet.arrow((114, image.bottom + 12), (114, 432), (252, 432))
    sheet.arrow((with_holes.right + 8, 432), (496, 432))
    sheet.text(24, 506, "Both 6 × 6 outputs have the same 36 numbers.", fill="soft")
    return sheet
