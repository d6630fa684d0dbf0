"""The matrix products of the layers, and the precision in which a GPU computes them.

`factors` prepares two operands and `product` multiplies them (or parts and transposes of them):

    x, weight, scale = factors(x, weight)
    y = product(weight, x, scale)               # y = weight @ x

In the precision "float32", on a CPU and for float64, nothing is prepared and the second line is
`weight @ x`. The two others use the tensor cores of a GPU, several times as fast. Both add up in
float32 and return float32; they differ in what they read:

- "tf32" rounds each operand to 10 bits after the point, of the range of float32;
- "float16" rounds to the same 10 bits, but the numbers are stored in half the memory, so also the
  columns of a convolution are made and read in half the time. Half precision reaches from 6e-8 to
  65504 only, and the gradients of a net with a loss per pixel lie below that. So each operand is
  multiplied by the power of two that puts its largest value just below the limit, and the product
  is divided by both. The powers are found and applied on the device: nothing waits for them.

The operands are prepared before `im2col`, so that pixels are rounded once, not once per window.
"""

from __future__ import annotations

from minifcn.backend import Array, array_module, get_product_precision
from minifcn.functional.cuda.gemm import gemm
from minifcn.functional.cuda.launch import launchable

LARGEST = 15  # the largest value of an operand becomes 2**14 to 2**15; float16 ends below 2**16
MOST = 60  # powers of two by which an operand is multiplied: two of them fit into float32


def product_precision(array: Array) -> str:
    """Return the precision of products with an array: "float32" is the array's own."""
    able = launchable(array_module(array)) and array.dtype.name == "float32"
    return get_product_precision() if able else "float32"


def factors(a: Array, b: Array) -> tuple[Array, Array, Array | None]:
    """Prepare the two operands of products in the precision that is set.

    Returns
    -------
    a, b : array
        Of the same shapes; in "float16", rounded and scaled by powers of two.
    scale : array of no dimensions, or None
        What `product` has to multiply the result by; None for a product in the arrays' own type.
    """
    xp, precision = array_module(a), product_precision(a)
    if precision == "float32" or not a.size * b.size:  # an empty batch: nothing to multiply
        return a, b, None
    if precision == "tf32":
        return a, b, xp.ones((), a.dtype)
    (a, a_power), (b, b_power) = to_half(a), to_half(b)
    return a, b, xp.ldexp(xp.ones((), xp.float32), -a_power - b_power)


def product(a: Array, b: Array, scale: Array | None = None, *, out: Array | None = None) -> Array:
    """Return a @ b for two matrices of `factors`, or for parts of them.

    Parameters
    ----------
    a : array (M, K)
    b : array (K, N)
    scale : array of no dimensions, or None
        As `factors` returned it.
    out : array (M, N), optional
        Where to write the product.
    """
    xp = array_module(a)
    if scale is None:
        return xp.matmul(a, b) if out is None else xp.matmul(a, b, out=out)
    if out is not None and out.flags.c_contiguous:
        return gemm(xp, a, b, scale, out)
    y = gemm(xp, a, b, scale, xp.empty((len(a), b.shape[1]), xp.float32))
    if out is None:
        return y
    out[...] = y
    return out


def to_half(a: Array) -> tuple[Array, Array]:
    """Return float16(a * 2**power) and the power, an int array of no dimensions.

    Numbers beyond 2**75 become infinite, and a NaN stays one: a run that has lost its way shows.
    """
    xp = array_module(a)
    _, exponent = xp.frexp(xp.maximum(a.max(), -a.min()))  # largest < 2**exponent
    power = xp.clip(LARGEST - exponent, -MOST, MOST)
    half = xp.empty(a.shape, xp.float16)
    xp.multiply(a, xp.ldexp(xp.ones((), xp.float32), power), out=half)
    return half, power
