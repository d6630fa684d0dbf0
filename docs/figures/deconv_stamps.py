"""A deconvolution: each input stamps a copy of the kernel, scaled by it, and overlaps add up."""

from __future__ import annotations

import numpy as np
from figures.grids import draw_grid, draw_stamp, outline
from figures.svg import HUES, Sheet, figure

from minifcn.functional.bilinear import bilinear_kernel
from minifcn.functional.deconv import deconv2d_forward

X = np.array([[4, 8], [12, 20]], float)
KERNEL = bilinear_kernel(3, np.float64)
STRIDE = 2


def deconvolved(x: np.ndarray) -> np.ndarray:
    """Return (5, 5), what the library makes of (2, 2)."""
    return deconv2d_forward(x[None, None], KERNEL[None, None], stride=STRIDE)[0][0, 0]


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "Deconvolution: each input stamps the kernel, and overlapping stamps add up",
        "Each of the four numbers of a 2 x 2 input is multiplied by a 3 x 3 kernel, and the "
        "product is stamped onto a 5 x 5 output, two pixels apart. Where stamps overlap, they are "
        "added. With the bilinear kernel, the output interpolates between the inputs.",
        440,
    )
    x = draw_grid(
        sheet, 30, 82, X, 40, shade=lambda i, j: (HUES[2 * i + j], 0.3), bold=lambda *_: True
    )
    sheet.text(30, 60, "input, 2 × 2")
    kernel = draw_grid(sheet, 30, 222, KERNEL, 36, size=12)
    sheet.text(30, 200, "kernel, 3 × 3")
    sheet.text(30, kernel.bottom + 22, f"stride {STRIDE}: stamps lie", fill="soft")
    sheet.text(30, kernel.bottom + 39, f"{STRIDE} pixels apart", fill="soft")
    sheet.arrow((x.right + 12, 122), (196, 122))
    stamps = [deconvolved(np.where(np.arange(4).reshape(2, 2) == n, X, 0)) for n in range(4)]
    sheet.text(206, 60, "four stamps: input · kernel")
    draw_stamps(sheet, stamps)
    sheet.arrow((480, 216), (508, 216))
    y = deconvolved(X)
    draw_output(sheet, y, stamps)
    row = ", ".join(figure(value) for value in y[1])
    sheet.text(
        30,
        416,
        "The kernel is the bilinear one for a factor of 2, so the output interpolates: "
        f"its second row is {row}.",
        fill="soft",
    )
    return sheet


def draw_stamps(sheet: Sheet, stamps: list[np.ndarray]) -> None:
    """Draw what each input alone makes of the output, which is 0 outside of its stamp."""
    for number, (stamp, hue) in enumerate(zip(stamps, HUES, strict=True)):
        i, j = divmod(number, 2)
        a, b = STRIDE * i, STRIDE * j
        x, y = 206 + 142 * j, 82 + 142 * i
        draw_stamp(sheet, x, y, stamp, 25, (a, a + 2), (b, b + 2), colour=(hue, 0.2))
    sheet.text(339.5, 215.5, "+", anchor="middle", size=18, bold=True)


def draw_output(sheet: Sheet, y: np.ndarray, stamps: list[np.ndarray]) -> None:
    """Draw the output with the stamps that lie on it, and the sum where all overlap."""
    left, top, cell = 520, 131, 34
    for number, hue in enumerate(HUES):
        a, b = (STRIDE * n for n in divmod(number, 2))
        sheet.rect(left + b * cell, top + a * cell, 3 * cell, 3 * cell, fill=hue, shade=0.16)
    out = draw_grid(sheet, left, top, y, cell)
    for number, hue in enumerate(HUES):
        a, b = (STRIDE * n for n in divmod(number, 2))
        outline(sheet, out, (a, a + 2), (b, b + 2), stroke=hue, inset=1 + 2 * (number % 3))
    sheet.text(left, 100, "output, 5 × 5,")
    sheet.text(left, 116, "with the stamps on it")
    terms = " + ".join(figure(stamp[2, 2]) for stamp in stamps)
    sheet.text(left, out.bottom + 24, f"{terms} = {figure(y[2, 2])}", bold=True)
    sheet.text(left, out.bottom + 42, "where all four overlap", fill="soft")
