"""Matrix products on tensor cores, through cuBLAS: half precision or TF32 in, float32 out.

CuPy's own `matmul` would return half precision for operands in half precision, and overflow where
a sum exceeds 65504; and whether it uses TF32 is decided once for the whole process. So this calls
the routine below it. No kernel of ours comes near cuBLAS in matrix products.
"""

from __future__ import annotations

from types import ModuleType

from minifcn.backend import Array


def gemm(xp: ModuleType, a: Array, b: Array, scale: Array, out: Array) -> Array:
    """Write scale * (a @ b) to `out` and return it.

    Parameters
    ----------
    xp : module
        CuPy.
    a : array (M, K), float16, or float32 for TF32
    b : array (K, N), of the same dtype
    scale : float32 array of no dimensions
        On the device, so that nothing waits for its value.
    out : float32 array (M, N), C-contiguous
    """
    cublas, runtime = xp.cuda.cublas, xp.cuda.runtime
    (m, k), n = a.shape, b.shape[1]
    half = a.dtype.name == "float16"
    read = runtime.CUDA_R_16F if half else runtime.CUDA_R_32F
    computed = cublas.CUBLAS_COMPUTE_32F if half else cublas.CUBLAS_COMPUTE_32F_FAST_TF32
    a, turned_a, pitch_a = _laid_out(xp, a)
    b, turned_b, pitch_b = _laid_out(xp, b)
    zero = xp.zeros((), xp.float32)

    # cuBLAS counts columns first: to it, our matrices are their transposes. So it is asked for
    # out.T = b.T @ a.T, and everything is as it lies in memory.
    handle = xp.cuda.device.get_cublas_handle()
    before = cublas.getPointerMode(handle)
    cublas.setPointerMode(handle, cublas.CUBLAS_POINTER_MODE_DEVICE)  # where scale and zero are
    try:
        cublas.gemmEx(
            handle,
            *(turned_b, turned_a),
            *(n, m, k),
            scale.data.ptr,
            *(b.data.ptr, read, pitch_b),
            *(a.data.ptr, read, pitch_a),
            zero.data.ptr,
            *(out.data.ptr, runtime.CUDA_R_32F, n),
            computed,
            cublas.CUBLAS_GEMM_DEFAULT,
        )
    finally:
        cublas.setPointerMode(handle, before)
    return out


def _laid_out(xp: ModuleType, matrix: Array) -> tuple[Array, int, int]:
    """Return a matrix, copied if need be, how cuBLAS has to turn it, and its leading dimension.

    That is the distance of its rows in elements, or of its columns where those are contiguous.
    """
    (rows, columns), size = matrix.shape, matrix.itemsize
    down, right = matrix.strides
    if right == size and down >= columns * size and down % size == 0:
        return matrix, xp.cuda.cublas.CUBLAS_OP_N, down // size
    if down == size and right >= rows * size and right % size == 0:
        return matrix, xp.cuda.cublas.CUBLAS_OP_T, right // size
    return xp.ascontiguousarray(matrix), xp.cuda.cublas.CUBLAS_OP_N, columns
