"""Every CUDA kernel, compiled by NVIDIA's compiler for GPUs from Volta on. No GPU is needed.

The compiler is NVRTC, the library that CuPy compiles with; its wheel (`nvidia-cuda-nvrtc-cu12`, or
`nvidia-cuda-nvrtc` for CUDA 13, which knows no Volta any more) brings all it takes:
`pip install minifcn[cuda-check]`. It is called through ctypes, because CuPy itself does not compile
where there is no device.
"""

import ctypes
import importlib.util
import itertools
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from minifcn.functional import cuda
from minifcn.functional.cuda.launch import TYPES, kernel_text, signature

pytestmark = pytest.mark.host  # no arrays

OLDEST = 70  # Volta: the first with tensor cores, and the oldest that CuPy 14 supports
WANTED = (75, 80, 86, 89, 90)  # what any wheel must know


@cache
def nvrtc() -> Any:
    """Return the library, or skip the test."""
    spec = importlib.util.find_spec("nvidia")
    folders = [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]
    found = [
        path
        for folder in folders
        for pattern in ("*/lib/libnvrtc.so.*[0-9]", "*/bin/nvrtc64_*_0.dll")
        for path in sorted(folder.glob(pattern))
        if ".alt." not in path.name
    ]
    if not found:
        pytest.skip("NVRTC is not installed: pip install minifcn[cuda-check]")
    return ctypes.CDLL(str(found[0]))


def call(name: str, *arguments: Any) -> int:
    """Call a function of NVRTC and return its status, 0 for success."""
    return int(getattr(nvrtc(), name)(*arguments))


@cache
def architectures() -> list[int]:
    """Return the compute capabilities (86 for 8.6) that are to be compiled for."""
    count = ctypes.c_int()
    assert call("nvrtcGetNumSupportedArchs", ctypes.byref(count)) == 0
    numbers = (ctypes.c_int * count.value)()
    assert call("nvrtcGetSupportedArchs", numbers) == 0
    return [number for number in numbers if number >= OLDEST]


def compile_for(text: str, architecture: int) -> tuple[bytes, str]:
    """Return the machine code (empty if there are errors) and the compiler's messages."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    made = call("nvrtcCreateProgram", ctypes.byref(program), text.encode(), b"k.cu", 0, None, None)
    assert made == 0
    try:
        option = (ctypes.c_char_p * 1)(f"--gpu-architecture=sm_{architecture}".encode())
        status = call("nvrtcCompileProgram", program, 1, option)
        assert call("nvrtcGetProgramLogSize", program, ctypes.byref(size)) == 0
        buffer = ctypes.create_string_buffer(size.value)
        assert call("nvrtcGetProgramLog", program, buffer) == 0
        # That the oldest GPUs will be dropped one day is said each time; it is not about the code.
        lines = buffer.value.decode().splitlines()
        log = "\n".join(line for line in lines if "nvrtc: warning: Architectures" not in line)
        if status:
            return b"", log
        assert call("nvrtcGetCUBINSize", program, ctypes.byref(size)) == 0
        code = ctypes.create_string_buffer(size.value)
        assert call("nvrtcGetCUBIN", program, code) == 0
        return code.raw, log
    finally:
        call("nvrtcDestroyProgram", ctypes.byref(program))


def variants(source: str) -> list[dict[str, str]]:
    """Return all the types that a kernel can be launched with."""
    kinds = sorted({p.kind for p in signature(source).parameters} & set(TYPES))
    return [
        dict(zip(kinds, dtypes, strict=True))
        for dtypes in itertools.product(*(TYPES[kind] for kind in kinds))
    ]


def test_the_compiler_knows_the_gpus_in_use():
    assert set(WANTED) <= set(architectures())


@pytest.mark.parametrize("source", cuda.SOURCES, ids=lambda source: signature(source).name)
def test_a_kernel_compiles_without_a_warning_for_every_type_and_old_and_new_gpus(source):
    name = signature(source).name
    types, (oldest, *_, newest) = variants(source), architectures()
    for dtypes, architecture in [(types[0], newest), *((some, oldest) for some in types)]:
        code, log = compile_for(kernel_text(source, dtypes), architecture)
        assert not log.strip(), f"sm_{architecture}, {dtypes}"
        assert name.encode() in code


def test_a_kernel_with_a_mistake_does_not_compile():
    wrong = kernel_text(cuda.SGD.replace("rate *", "rait *"), variants(cuda.SGD)[0])
    code, log = compile_for(wrong, 80)
    assert not code and 'identifier "rait" is undefined' in log
