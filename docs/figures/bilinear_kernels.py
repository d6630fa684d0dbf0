"""The bilinear kernels for upsampling by 2, 8 and 32."""

from __future__ import annotations

import numpy as np
from figures.svg import Sheet, number

from minifcn.functional.bilinear import bilinear_kernel

FACTORS = (2, 8, 32)
SIDE = 192  # of a kernel on the sheet
LEFT, TOP = 26, 96
PROFILE = 92  # the height of a 1


def draw() -> Sheet:
    """Return the picture."""
    sheet = Sheet(
        "The bilinear kernel: 2 f pixels wide for a factor of f, a tent in each direction",
        "Three square kernels as shades, of 4 x 4, 16 x 16 and 64 x 64 pixels, and below each a "
        "row of its one-dimensional weights. They rise in a straight line to the middle and fall "
        "again. For f = 2 the weights of one direction are 1/4, 3/4, 3/4, 1/4.",
        474,
    )
    for place, factor in enumerate(FACTORS):
        size = 2 * factor
        x = LEFT + place * 228
        kernel = bilinear_kernel(size, np.float64)
        ramp = kernel.sum(axis=0) / factor  # the other direction's weights add up to the factor
        sheet.text(x, 60, f"f = {factor}", size=14, bold=True)
        sheet.text(x, 78, f"{size} × {size} pixels", fill="soft")
        draw_kernel(sheet, x, TOP, ramp, f"row{factor}")
        if factor == 2:
            for i, j in np.ndindex(kernel.shape):
                cell = SIDE / size
                sheet.text(
                    x + (j + 0.5) * cell,
                    TOP + (i + 0.5) * cell,
                    f"{kernel[i, j] * 16:g}/16",
                    anchor="middle",
                )
        draw_profile(sheet, x, TOP + SIDE + 34, ramp)
    return sheet


def draw_kernel(sheet: Sheet, x: float, y: float, ramp: np.ndarray, row: str) -> None:
    """Draw the outer product of a ramp with itself.

    A row is drawn once, each pixel as opaque as its weight, and used for all with their weights:
    opacities multiply, as the two ramps do.
    """
    cell = SIDE / len(ramp)
    pixels = "".join(
        f'<path d="M{number(n * cell)} 0h{number(cell)}v{number(cell)}h{number(-cell)}"'
        f' opacity="{weight:.3f}"/>'
        for n, weight in enumerate(ramp)
    )
    sheet.raw(
        f'<defs><g id="{row}" class="f-blue" shape-rendering="crispEdges">{pixels}</g></defs>',
        "blue",
    )
    for n, weight in enumerate(ramp):
        place = f'x="{number(x)}" y="{number(y + n * cell)}"'
        sheet.raw(f'<use href="#{row}" {place} opacity="{weight:.3f}"/>')
    sheet.rect(x, y, SIDE, SIDE, stroke="soft")


def draw_profile(sheet: Sheet, x: float, y: float, ramp: np.ndarray) -> None:
    """Draw the weights of one direction as bars."""
    cell, base = SIDE / len(ramp), y + PROFILE
    corners = [
        (x + (n + side) * cell, base - w * PROFILE) for n, w in enumerate(ramp) for side in (0, 1)
    ]
    sheet.area((x, base), *corners, (x + SIDE, base), fill="blue", shade=0.5)
    sheet.line((x, base), (x + SIDE, base), stroke="soft", weight=1)
    sheet.line((x, y), (x + SIDE, y), stroke="rule", weight=1, dash="3 3")
    sheet.text(x - 4, y, "1", fill="soft", size=11, anchor="end")
    sheet.text(x - 4, base, "0", fill="soft", size=11, anchor="end")
    shown = ", ".join(f"{weight * len(ramp):g}/{len(ramp)}" for weight in ramp[:2]) + ", …"
    sheet.text(x + SIDE / 2, base + 16, shown, anchor="middle", size=12)
