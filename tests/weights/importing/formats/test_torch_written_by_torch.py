"""Files that PyTorch itself has written, in both serialisations that it can write."""

import collections

import numpy as np
import pytest
from helpers import torch_files

from minifcn.weights.importing.formats.torch_file import read_torch
from minifcn.weights.store import WeightsError

torch = pytest.importorskip("torch")


@pytest.fixture(params=["zip archive", "stacked pickles"])
def read_back(request, tmp_path):
    """Save an object with PyTorch and read it."""

    def save_and_read(value, **options):
        path = tmp_path / "weights.pth"
        as_zip = request.param == "zip archive"
        torch.save(value, path, _use_new_zipfile_serialization=as_zip, **options)
        source = read_torch(path)
        assert (source.format, source.framework) == (f"PyTorch {request.param}", "torch")
        return source

    return save_and_read


def assert_equal(array, tensor):
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    expected = tensor.detach().numpy()
    assert array.dtype == expected.dtype
    assert not array.flags.writeable
    np.testing.assert_array_equal(array, expected)


def test_a_state_dict(read_back):
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2)
    )
    state = model.state_dict()
    source = read_back(state)
    assert list(source.arrays) == list(state)
    assert source.attributes == {"state_dict_key": "", "not_used": []}
    for key, tensor in state.items():
        assert_equal(source.arrays[key], tensor)


TYPES = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool"


@pytest.mark.parametrize("dtype", TYPES.split())
def test_each_type(read_back, dtype):
    tensor = torch.arange(-3, 3).to(getattr(torch, dtype))
    assert_equal(read_back({"weight": tensor}).arrays["weight"], tensor)


def test_shapes_strides_and_offsets(read_back):
    whole = torch.arange(60.0).reshape(3, 4, 5)
    state = {
        "transposed": whole.permute(2, 0, 1),
        "part": whole[1:, ::2, 3:],
        "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "one number": torch.tensor(3.0),
        "length one, repeated": torch.arange(4.0).expand(1, 4),
        "nothing": torch.empty(0, 3),
    }
    source = read_back(state)
    for key, tensor in state.items():
        assert_equal(source.arrays[key], tensor)


def test_tied_weights_share_their_bytes(read_back):
    weight = torch.randn(4, 3)
    arrays = read_back({"a": weight, "b": weight.t()}).arrays
    assert np.shares_memory(arrays["a"], arrays["b"])
    assert_equal(arrays["b"], weight.t())


def test_an_expanded_tensor_is_refused(read_back):
    with pytest.raises(WeightsError, match=r"w: a tensor of shape .* has a storage of 1"):
        read_back({"w": torch.zeros(1).expand(1 << 20, 1 << 20)})


def test_parameters_are_their_tensors(read_back):
    parameter = torch.nn.Parameter(torch.randn(3))
    assert_equal(read_back({"p": parameter}).arrays["p"], parameter)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_each_pickle_protocol(read_back, protocol):
    tensor = torch.randn(2, 3)
    source = read_back(collections.OrderedDict(weight=tensor), pickle_protocol=protocol)
    assert_equal(source.arrays["weight"], tensor)


def test_a_checkpoint_of_a_training_run(read_back):
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 3, 5])
    checkpoint = {
        "epoch": 3,
        "arch": "fcn8s",
        "optim_state_dict": optimizer.state_dict(),
        "model_state_dict": model.state_dict(),
        "best_mean_iu": np.float64(0.5),
        "schedule": schedule.state_dict(),
        "size": torch.Size([3, 2]),
        "device": torch.device("cpu"),
    }
    source = read_back(checkpoint)
    assert source.attributes == {
        "state_dict_key": "model_state_dict",
        "arch": "fcn8s",
        "not_used": [key for key in checkpoint if key not in ("model_state_dict", "arch")],
    }
    assert list(source.arrays) == ["weight", "bias"]
    assert_equal(source.arrays["bias"], model.bias)


def test_a_whole_module_is_refused(read_back):
    with pytest.raises(WeightsError, match=r"torch\.nn\.modules\.linear\.Linear.*state_dict\(\)"):
        read_back(torch.nn.Linear(3, 2))


def test_pytorch_reads_the_tar_archives_of_these_tests_too(tmp_path):
    """PyTorch cannot write them any more; so the writer is checked by its reader."""
    arrays = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "mask": np.array([True])}
    torch_files.write_state_dict(torch_files.TAR, tmp_path / "weights.pth", arrays)
    loaded = torch.load(tmp_path / "weights.pth", weights_only=False)
    assert list(loaded) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(loaded[name].numpy(), array)


def test_an_archive_without_checksums(tmp_path):
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"weight": torch.arange(100.0)}, tmp_path / "weights.pth")
    finally:
        torch.serialization.set_crc32_options(before)
    assert_equal(read_torch(tmp_path / "weights.pth").arrays["weight"], torch.arange(100.0))


def test_a_changed_number_in_an_archive_is_noticed(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"weight": torch.full((100,), 3.0)}, path)
    path.write_bytes(path.read_bytes().replace(b"\0\0\x40\x40" * 9, b"\0\0\x40\x41" * 9, 1))
    with pytest.raises(WeightsError, match="has another checksum; it is damaged"):
        read_torch(path)
