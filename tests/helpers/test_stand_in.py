"""The stand-in for CuPy behaves as CuPy does, and finds what would not run on a GPU."""

import sys
from operator import attrgetter

import numpy as np
import pytest
from helpers.cases import normal
from helpers.nets import chained
from helpers.stand_in import FUNCTIONS, VALUES, cupy
from helpers.stand_in_array import METHODS, PROPERTIES, counted

from minifcn.backend import array_module, to_device, to_host
from minifcn.layers import Conv2d, ReLU, SoftmaxLoss

pytestmark = pytest.mark.usefixtures("device")


def on_device(*shape):
    return to_device(normal(1, *shape), cupy)


REFUSED = {
    "an operator": lambda x, host: x + host,
    "an operator from the other side": lambda x, host: host + x,
    "a comparison": lambda x, host: x > host,
    "a sum in place": lambda x, host: x.__iadd__(host),
    "a sum in place of the host's": lambda x, host: host.__iadd__(x),
    "an argument": lambda x, host: cupy.maximum(x, host),
    "an output": lambda x, host: cupy.maximum(x, 0, out=host),
    "a function of NumPy": lambda x, host: np.maximum(x, 0),
    "a sum of NumPy": lambda x, host: np.sum(x),
    "several in a list": lambda x, host: cupy.concatenate([x, host]),
    "several in NumPy's list": lambda x, host: np.concatenate([host, x]),
    "a conversion": lambda x, host: np.asarray(x),
    "an assignment": lambda x, host: x.__setitem__(slice(None), host),
    "an assignment to the host": lambda x, host: host.__setitem__(slice(None), x),
    "an index": lambda x, host: x[host > 0],
    "an index of the host": lambda x, host: host[x > 0],
}


@pytest.mark.parametrize("name", REFUSED)
def test_arrays_of_host_and_device_do_not_mix(name):
    with pytest.raises((TypeError, IndexError)):
        REFUSED[name](on_device(3, 4), normal(2, 3, 4).copy())


def test_only_asarray_and_get_go_across():
    host = normal(1, 3, 4)
    with counted() as transfers:
        x = cupy.asarray(host)
        y = cupy.asarray(x)
        assert transfers == {}
    assert transfers == {"upload": 1}
    with counted() as transfers:
        np.testing.assert_array_equal(y.get(), host)
    assert transfers == {"download": 1}
    assert array_module(x) is cupy and to_host(x).flags.owndata


@pytest.mark.parametrize(
    "ask", [float, int, bool, lambda x: x.item(), lambda x: x.tolist()], ids=str
)
def test_a_number_that_the_host_asks_for_is_counted(ask):
    x = on_device()
    with counted() as transfers:
        ask(x)
    assert transfers == {"download": 1}


def test_what_stays_on_the_device_is_not_counted():
    x = on_device(3, 4)
    with counted() as transfers:
        x[0] = 2 * cupy.exp(x[1]) + np.float32(3)
        x += x.max()
        assert isinstance(x.sum(), cupy.ndarray) and x.sum().shape == ()
        assert isinstance(x[1, 2], cupy.ndarray) and x[x > 0].ndim == 1
    assert not transfers


def test_objects_cannot_be_elements():
    with pytest.raises(TypeError, match="Unsupported dtype object"):
        cupy.asarray([object()])


def test_what_cupy_has_not_is_not_there():
    assert not hasattr(cupy, "put_mask") and not hasattr(cupy, "testing")
    x = on_device(3)
    for name in ("ctypes", "__array_interface__", "setflags", "tofile_"):
        with pytest.raises(AttributeError, match="the device's arrays have no"):
            getattr(x, name)
    with pytest.raises(TypeError):
        range(cupy.asarray(3))  # there is no __index__


@pytest.fixture(scope="module")
def true():
    """CuPy itself, which needs no GPU to be imported."""
    return pytest.importorskip("cupy")


def test_cupy_has_what_the_stand_in_offers(true):
    assert [name for name in (*FUNCTIONS, *VALUES) if not hasattr(true, name)] == []
    ours = {"_host", "__getattr__", "__weakref__", "__annotations__", "__firstlineno__"}
    ours |= {"__static_attributes__"}
    offered = sorted({*vars(cupy.ndarray), *PROPERTIES, *METHODS} - ours)
    assert [name for name in offered if not hasattr(true.ndarray, name)] == []


# What the package calls of CuPy beside arrays and functions.
CALLED = """
RawKernel add.at get_default_memory_pool random.default_rng random.Generator.random
lib.stride_tricks.as_strided cuda.alloc_pinned_memory cuda.get_current_stream cuda.Event.done
cuda.Device.compute_capability cuda.Device.id cuda.Device.use cuda.device.get_cublas_handle
cuda.Stream.record cuda.Stream.wait_event cuda.Stream.synchronize
cuda.runtime.getDeviceCount cuda.runtime.getDeviceProperties cuda.runtime.memGetInfo
cuda.runtime.driverGetVersion cuda.runtime.runtimeGetVersion cuda.runtime.CUDARuntimeError
cuda.runtime.CUDA_R_16F cuda.runtime.CUDA_R_32F
cuda.cublas.getPointerMode cuda.cublas.setPointerMode cuda.cublas.CUBLAS_POINTER_MODE_DEVICE
cuda.cublas.CUBLAS_COMPUTE_32F cuda.cublas.CUBLAS_COMPUTE_32F_FAST_TF32
cuda.cublas.CUBLAS_GEMM_DEFAULT cuda.cublas.CUBLAS_OP_N cuda.cublas.CUBLAS_OP_T
"""


def test_cupy_has_what_the_package_calls(true, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", true)  # it imports parts of itself when asked
    try:
        cublas = true.cuda.cublas
    except ImportError as error:
        pytest.skip(f"CuPy is installed without [ctk]: {error}")
    for name in CALLED.split():
        attrgetter(name)(true)
    arguments = cublas.gemmEx.__doc__.partition("(")[2].rstrip(")").split(", ")
    assert " ".join(argument.split()[1] for argument in arguments) == (
        "handle transa transb m n k alpha A Atype lda B Btype ldb beta C Ctype ldc computeType algo"
    )


def small_net():
    conv, score = Conv2d(3, 4, 3, pad=1), Conv2d(4, 3, 1)
    net = chained(conv=conv, relu=ReLU(), score=score, loss=SoftmaxLoss())
    net.astype("float32")
    return net


def gradients(net, xp):
    net.to(xp)
    label = np.random.default_rng(2).integers(0, 3, (2, 6, 5))
    inputs = {"data": normal(9, 2, 3, 6, 5, dtype=np.float32), "label": label}
    inputs = {name: to_device(array, xp) for name, array in inputs.items()}
    _, tape = net.forward(inputs, train=True)
    return {address: to_host(array) for address, array in net.backward(tape)}


def test_a_net_computes_on_it_what_it_does_on_the_host():
    expected = gradients(small_net(), np)
    found = gradients(small_net(), cupy)
    for address, array in found.items():
        np.testing.assert_allclose(array, expected[address], rtol=1e-4, atol=1e-6)


STRAY = {
    "a function of an array": lambda x: np.maximum(x, 0),
    "an array it makes": lambda x: x * np.ones(x.shape, x.dtype),
    "an array it fills": lambda x: np.zeros(x.shape, x.dtype).__iadd__(x),
    "a conversion": lambda x: x * np.asarray(x > 0),
    "a mask": lambda x: x[np.arange(len(x))],
}


@pytest.mark.parametrize("name", STRAY)
def test_a_stray_call_of_numpy_in_a_layer_is_caught(name, monkeypatch):
    def stray(self, x):
        return STRAY[name](x), x

    monkeypatch.setattr(ReLU, "forward", stray)
    monkeypatch.setattr("minifcn.net.net.fuse", lambda nodes, *_, **__: [[node] for node in nodes])
    gradients(small_net(), np)  # on the host it goes unnoticed
    with pytest.raises((TypeError, IndexError)):
        gradients(small_net(), cupy)
