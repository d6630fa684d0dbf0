"""im2col and col2im on a GPU: one thread for each position, or for each pixel.

Twins: `im2col_rows` and `col2im_rows` in `minifcn/functional/fast/columns.py`.
"""

from __future__ import annotations

from math import prod

from minifcn.backend import Array, array_module
from minifcn.functional.cuda.launch import TYPES, launch
from minifcn.functional.window import Window

# Pixels are only copied, so a Word is whatever has their size: half precision needs no other code.
# A thread copies what one window sees of one channel. Neighbouring threads have neighbouring
# positions, so that both what they read and what they write lies side by side.
IM2COL = """
extern "C" __global__ void im2col(
    Index count, const Word* __restrict__ x, Word* __restrict__ columns,
    Index n, Index h, Index w, Index r, Index ow, Index first_row,
    Index kh, Index kw, Index sh, Index sw, Index ph, Index pw, Index dh, Index dw)
{
    FOR_EACH(number, count) {  // count = C * N * R * OW
        const Index j = number % ow, i = number / ow % r, map = number / ow / r;
        const Index top = (first_row + i) * sh - ph, left = j * sw - pw;
        const Word* image = x + map * h * w;
        Word* column = columns + ((map / n * kh * kw * n + map % n) * r + i) * ow + j;
        for (Index a = 0; a < kh; ++a) {
            for (Index b = 0; b < kw; ++b) {
                const Index y = top + a * dh, z = left + b * dw;
                const bool inside = 0 <= y && y < h && 0 <= z && z < w;
                *column = inside ? image[y * w + z] : 0;
                column += n * r * ow;  // the next place of the window is the next row
            }
        }
    }
}
"""

# The transpose. To scatter, the threads would have to add to the same pixels by turns, in an order
# that changes from run to run. So each pixel collects from the windows that it lies in, in the
# order in which the plain version adds them.
COL2IM = """
extern "C" __global__ void col2im(
    Index count, const Real* __restrict__ columns, Real* __restrict__ dx,
    Index n, Index h, Index w, Index r, Index ow, Index first_row,
    Index kh, Index kw, Index sh, Index sw, Index ph, Index pw, Index dh, Index dw)
{
    FOR_EACH(number, count) {  // count = C * N * H * W
        const Index z = number % w, y = number / w % h, map = number / w / h;
        const Index c = map / n, image = map % n;
        Real sum = dx[number];
        for (Index a = 0; a < kh; ++a) {
            const Index down = y + ph - a * dh;  // = i * SH, if some window has the pixel at a
            const Index i = down / sh - first_row;
            if (down < 0 || down % sh || i < 0 || i >= r) continue;
            for (Index b = 0; b < kw; ++b) {
                const Index right = z + pw - b * dw;
                const Index j = right / sw;
                if (right < 0 || right % sw || j >= ow) continue;
                sum += columns[((((c * kh + a) * kw + b) * n + image) * r + i) * ow + j];
            }
        }
        dx[number] = sum;
    }
}
"""


def any_word(x: Array) -> bool:
    """Return whether pixels of this size can be copied."""
    return f"uint{8 * x.itemsize}" in TYPES["Word"]


def launch_im2col(x: Array, window: Window, rows: slice) -> Array:
    """Return the columns of some output rows, as `im2col_rows` does; x of any dtype."""
    xp = array_module(x)
    c, *images, h, w = x.shape
    n, (kh, kw) = prod(images), window.kernel_size
    r, ow = rows.stop - rows.start, window.output_size((h, w))[1]
    word = f"uint{8 * x.itemsize}"
    columns = xp.empty((c * kh * kw, n * r * ow), x.dtype)
    words = xp.ascontiguousarray(x).view(word)
    sizes = n, h, w, r, ow, rows.start, *(number for pair in window for number in pair)
    launch(IM2COL, c * n * r * ow, words, columns.view(word), *sizes)
    return columns


def launch_col2im(columns: Array, dx: Array, window: Window, rows: slice) -> None:
    """Add columns to the pixels of dx, C-contiguous, as `col2im_rows` does."""
    _, *images, h, w = dx.shape
    r, ow = rows.stop - rows.start, window.output_size((h, w))[1]
    sizes = prod(images), h, w, r, ow, rows.start, *(number for pair in window for number in pair)
    launch(COL2IM, dx.size, columns, dx, *sizes)
