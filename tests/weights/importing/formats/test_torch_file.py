"""PyTorch's files: all serialisations give the same arrays, and nothing but arrays."""

import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from helpers import torch_files
from helpers.arrays import assert_bits_equal
from helpers.hostile import assert_refused
from helpers.pickles import Built, Call, Global, Persistent, Python2, pickled
from helpers.torch_files import SERIALISATIONS, STACKED, TAR, ZIP

from minifcn.weights.importing.formats.torch_file import read_torch

f32 = np.float32

each_kind = pytest.mark.parametrize("kind", SERIALISATIONS)
each_kind_of_today = pytest.mark.parametrize("kind", [ZIP, STACKED])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pth"


def example() -> dict[str, np.ndarray]:
    """A few parameters of each shape, not in alphabetical order."""
    rng = np.random.default_rng(0)
    return {
        "features.0.weight": rng.normal(size=(4, 3, 3, 2)).astype(f32),
        "features.0.bias": rng.normal(size=4).astype(f32),
        "classifier.weight": rng.normal(size=(3, 5)),
        "bn.num_batches_tracked": np.array(7),
        "bn.mask": np.array([True, False]),
        "half": np.arange(3, dtype=np.float16),
    }


@each_kind
def test_a_state_dict_comes_back(path, kind):
    torch_files.write_state_dict(kind, path, example())
    source = read_torch(path)
    assert (source.format, source.framework) == (f"PyTorch {kind}", "torch")
    assert source.attributes == {"state_dict_key": "", "not_used": []}
    assert_bits_equal(source.arrays, example())


@each_kind_of_today
def test_bfloat16_becomes_float32(path, kind):
    values = np.array([1.0, -2.5, 3.140625], f32)  # exact in bfloat16
    upper = (values.view(np.uint32) >> 16).astype(np.uint16).view(np.int16)
    kind_of = Global("torch", "BFloat16Storage")
    value = {"weight": torch_files.tensor(kind, "0", upper, type=kind_of)}
    torch_files.write(kind, path, value, {"0": upper})
    assert_bits_equal(read_torch(path).arrays, {"weight": values})


def test_python_2_wrote_other_dicts_and_strings(path):
    """As the file of torchvision's first VGG16 may hold it, from a GPU."""
    array = np.arange(6, dtype=f32)
    identity = (
        Python2("storage"),
        Global("torch.cuda", "FloatStorage"),
        Python2("0"),
        Python2("cuda:0"),
        6,
        None,
    )
    tensor = Call(
        Global("torch._utils", "_rebuild_tensor"),
        (Persistent(identity), 0, (2, 3), (3, 1)),
    )
    value = Call(Global("collections", "OrderedDict"), ([[Python2("features.0.weight"), tensor]],))
    torch_files.write_stacked(path, value, {"0": array})
    assert_bits_equal(read_torch(path).arrays, {"features.0.weight": array.reshape(2, 3)})


@each_kind_of_today
def test_strides_and_offset_choose_from_the_storage(path, kind):
    storage = np.arange(24, dtype=f32)
    value = {
        "transposed": torch_files.tensor(kind, "0", storage, shape=(4, 6), strides=(1, 4)),
        "part": torch_files.tensor(kind, "0", storage, offset=5, shape=(3, 2), strides=(6, 2)),
        "nothing": torch_files.tensor(kind, "0", storage, shape=(0, 2), strides=(2, 1)),
        "last": torch_files.tensor(kind, "0", storage, offset=23, shape=(), strides=()),
    }
    torch_files.write(kind, path, value, {"0": storage})
    expected = {
        "transposed": storage.reshape(6, 4).T,
        "part": np.array([[5, 7], [11, 13], [17, 19]], f32),
        "nothing": np.zeros((0, 2), f32),
        "last": np.array(23, f32),
    }
    found = read_torch(path).arrays
    assert_bits_equal(found, expected)
    assert np.shares_memory(found["transposed"], found["part"])


def test_a_tensor_in_a_part_of_a_storage(path):
    storage = np.arange(10, dtype=f32)
    value = {"weight": torch_files.tensor(STACKED, "0", storage, part=("view", 4, 3), shape=(3,))}
    torch_files.write_stacked(path, value, {"0": storage})
    assert_bits_equal(read_torch(path).arrays, {"weight": storage[4:7]})


@each_kind
@pytest.mark.parametrize("outer", ["state_dict", "model_state_dict", "model", "net", "params"])
def test_a_checkpoint_is_looked_into(path, kind, outer):
    state = torch_files.state_dict(kind, example())
    value = {"epoch": 3, outer: state, "optimizer": {"state": {0: {"step": 1}}}, "arch": "fcn"}
    torch_files.write(kind, path, value, torch_files.numbered(example()))
    source = read_torch(path)
    assert_bits_equal(source.arrays, example())
    assert source.attributes == {
        "state_dict_key": outer,
        "arch": "fcn",
        "not_used": ["epoch", "optimizer"],
    }


STATE = torch_files.state_dict(ZIP, example())


@pytest.mark.parametrize(
    ("value", "attributes"),
    [
        *(  # what a checkpoint calls its model is a text
            (
                {"arch": arch, "state_dict": STATE},
                {"state_dict_key": "state_dict", "not_used": ["arch"]},
            )
            for arch in (8, None, {"name": "fcn8s"})
        ),
        (  # a checkpoint in a checkpoint
            {"model": {"state_dict": STATE | {"version": 2}, "name": "vgg"}, "epoch": 3},
            {
                "state_dict_key": "model.state_dict",
                "not_used": ["epoch", "model.name", "model.state_dict.version"],
            },
        ),
    ],
)
def test_what_a_checkpoint_says_beside_its_arrays(path, value, attributes):
    torch_files.write_zip(path, value, torch_files.numbered(example()))
    source = read_torch(path)
    assert_bits_equal(source.arrays, example())
    assert source.attributes == attributes


@pytest.mark.parametrize("arguments", [(1,), ()])
def test_parameters_of_all_times_are_their_tensors(path, arguments):
    """Made with the tensor, or without and given it in their state (before PyTorch 0.2)."""
    array = np.arange(3, dtype=f32)
    tensor = torch_files.tensor(TAR, "0", array)
    made = Call(Global("torch.nn.parameter", "Parameter"), tuple(tensor for _ in arguments))
    value = {"weight": Built(made, (tensor, True, False, None))}
    torch_files.write_tar(path, value, {"0": array})
    assert_bits_equal(read_torch(path).arrays, {"weight": array})


# What is refused


@each_kind_of_today
def test_a_file_without_its_last_byte_is_refused(path, kind):
    torch_files.write_state_dict(kind, path, example())
    path.write_bytes(path.read_bytes()[:-1])
    assert_refused(read_torch, path, "truncated")


@each_kind
def test_a_call_of_the_system_is_refused_and_not_made(path, kind):
    marker = path.with_name("was_here")
    value = {"weight": Call(Global("os", "system"), (f"touch {marker}",))}
    torch_files.write(kind, path, value, {})
    assert_refused(read_torch, path, r"asks for os\.system, which may run any program")
    assert not marker.exists()


@each_kind
def test_a_whole_module_is_refused_and_the_state_dict_asked_for(path, kind):
    value = Built(Call(Global("__main__", "Net"), ()), {"training": True})
    torch_files.write(kind, path, value, {})
    message = r"asks for __main__\.Net, .*a whole module, perhaps.*save\(model\.state_dict\(\)"
    assert_refused(read_torch, path, message)


def test_the_source_code_of_a_module_is_refused(path):
    value = Persistent(("module", Call(Global("torch", "Size"), ()), "net.py", "class Net: ..."))
    torch_files.write_stacked(path, value, {})
    assert_refused(read_torch, path, "a whole module, whose source code would be run")


@pytest.mark.parametrize("value", [{}, [1, 2], 3, {"epoch": 3, "lr": (0.1).hex()}])
def test_a_file_without_tensors_is_refused(path, value):
    torch_files.write_zip(path, value, {})
    assert_refused(
        read_torch, path, "holds no state dict, but (a value of type (dict|list|int)|epoch, lr)"
    )


STORAGE = np.arange(6, dtype=f32)
BEYOND = {
    "one too many": {"offset": 1, "shape": (6,), "strides": (1,)},
    "a stride beyond": {"shape": (3, 2), "strides": (4, 1)},
    "strides that overflow": {"shape": (2, 2), "strides": (1 << 61, 1 << 61)},
    "an offset that overflows": {"offset": 1 << 61, "shape": (1,), "strides": (1,)},
    "a repeated number": {"shape": (1 << 20, 1 << 20), "strides": (0, 0)},
    "a negative stride": {"shape": (6,), "strides": (-1,)},
    "a negative offset": {"offset": -1, "shape": (6,), "strides": (1,)},
    "a negative length": {"shape": (-2, -3), "strides": (3, 1)},
    "a length that overflows": {"shape": (0, 1 << 61), "strides": (1, 1)},
    "no stride": {"shape": (6,), "strides": ()},
    "a hundred dimensions": {"shape": (1,) * 100, "strides": (1,) * 100},
    "a text for a length": {"shape": ("6",), "strides": (1,)},
    "a fraction for an offset": {"offset": None, "shape": (6,), "strides": (1,)},
    "no shape": {"shape": None, "strides": None},
    "a storage of its own": {"numel": 1 << 40},
    "a negative storage": {"numel": -6},
    "a type that is none": {"type": "FloatStorage"},
    "a type of something else": {"type": Global("torch", "Size")},
}


@each_kind_of_today
@pytest.mark.parametrize("changes", BEYOND.values(), ids=BEYOND)
def test_no_tensor_reaches_beyond_its_storage(path, kind, changes):
    value = {"weight": torch_files.tensor(kind, "0", STORAGE, **changes)}
    torch_files.write(kind, path, value, {"0": STORAGE})
    assert_refused(read_torch, path)


@pytest.mark.parametrize("part", [("v", 4, 3), ("v", 1 << 61, 1), ("v", -6, 6), (1,), "part"])
def test_no_part_reaches_beyond_its_storage(path, part):
    value = {"weight": torch_files.tensor(STACKED, "0", STORAGE, part=part, shape=(3,))}
    torch_files.write_stacked(path, value, {"0": STORAGE})
    assert_refused(read_torch, path)


@each_kind_of_today
def test_a_storage_that_is_not_there_is_refused(path, kind):
    value = {"weight": torch_files.tensor(kind, "0", STORAGE)}
    torch_files.write(kind, path, value, {})
    assert_refused(read_torch, path, "no member 'archive/data/0'|a storage that is not in the file")


def test_a_dict_in_itself_is_refused(path):
    torch_files.write_zip(path, None, {})
    value = {}
    value["model"] = value
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(value, 2))
    assert_refused(read_torch, path, r"holds no state dict, but model\.model")


def test_a_compressed_member_is_refused_unopened(path):
    storage = np.zeros(1 << 22, f32)
    value = {"weight": torch_files.tensor(ZIP, "0", storage)}
    torch_files.write_zip(path, value, {"0": storage}, zipfile.ZIP_DEFLATED)
    assert_refused(read_torch, path, "'archive/byteorder' is compressed.*zip -0")


def test_the_other_byte_order_is_refused(path):
    torch_files.write_zip(path, {}, {}, byteorder="big")
    assert_refused(read_torch, path, "byte order is b'big'")


def test_a_tar_archive_with_a_header_of_absurd_length_is_refused_unread(path):
    info = tarfile.TarInfo("pickle")
    info.type, info.size = tarfile.XHDTYPE, 200_000
    path.write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + b"1" * info.size + bytes(1024))
    assert_refused(read_torch, path, "a header or table claims more bytes than any needs")


@pytest.mark.parametrize(
    ("names", "count"), [(["a/data.pkl", "b/data.pkl"], 2), (["model/constants.pkl"], 0)]
)
def test_a_zip_archive_of_something_else_is_refused(path, names, count):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, pickled({}))
    assert_refused(read_torch, path, f"with {count} members data.pkl")
