"""FCN-8s at once from files without its scales: they say so, their user does, or nobody knows."""

import numpy as np
import pytest
from helpers import torch_files
from helpers.fcn8s_files import (
    SCALES,
    chainer_arrays,
    fcn8s_arrays,
    write_checkpoint,
)

from minifcn.convert import main
from minifcn.download import get
from minifcn.fetching.catalogue import find
from minifcn.inference.convert import convert
from minifcn.inference.model import load_model
from minifcn.models.build import ModelSpec, build
from minifcn.weights.importing.formats.numpy_files import write_npz
from minifcn.weights.importing.formats.safetensors import write_safetensors
from minifcn.weights.store import WeightsError, save_weights

OURS = {"FCN8s": "fcn8s", "FCN8sAtOnce": "fcn8s-at-once"}
BARE = {
    "PyTorch": lambda path: torch_files.write_state_dict(torch_files.ZIP, path, fcn8s_arrays()),
    "safetensors": lambda path: write_safetensors(path, fcn8s_arrays(), {}),
    "Chainer": lambda path: write_npz(path, chainer_arrays()),
}

PROGRAMS = {"PyTorch": "torch", "Chainer": "chainer"}

each_net = pytest.mark.parametrize("net", SCALES)
each_bare = pytest.mark.parametrize("bare", BARE.values(), ids=BARE)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "weights.bin"


@pytest.fixture
def ours(tmp_path):
    return tmp_path / "ours.h5"


def assert_converted(ours, net):
    """Expect the arrays of the file, and the scales that the net has in its code."""
    params = dict(load_model(ours).net.params)
    for layer, factor in zip(("scale_pool4", "scale_pool3"), SCALES[net], strict=True):
        scale = params.pop(f"{layer}/weight", np.ones(1))
        np.testing.assert_array_equal(scale, np.float32(factor))
    expected = {name.replace(".", "/"): array for name, array in fcn8s_arrays().items()}
    assert params.keys() == expected.keys()
    for address, array in expected.items():
        np.testing.assert_array_equal(params[address], array, err_msg=address)


@each_net
def test_a_checkpoint_says_which_net_it_is_of(net, file, ours):
    write_checkpoint(file, net)
    converted = convert(file, ours)
    assert converted.spec.arch == OURS[net]
    assert not converted.missing and not converted.left_out
    assert_converted(ours, net)


@each_net
@each_bare
def test_bare_arrays_are_of_the_net_that_is_named(net, bare, file, ours):
    bare(file)
    assert convert(file, ours, arch=OURS[net]).spec.arch == OURS[net]
    assert_converted(ours, net)


@each_bare
def test_bare_arrays_fit_two_nets_and_are_refused(bare, file, ours, capsys):
    bare(file)
    assert main([str(file), "-o", str(ours)]) == 1
    assert not ours.exists()
    error = capsys.readouterr().err
    assert f"error: {file}" in error
    assert "give --arch fcn8s or --arch fcn8s-at-once" in error


def test_the_command_takes_the_name_and_says_what_it_took_for_the_scales(file, ours, capsys):
    write_npz(file, chainer_arrays())
    assert main([str(file), "-o", str(ours), "--arch", "fcn8s-at-once"]) == 0
    out = capsys.readouterr().out
    assert "fcn8s-at-once on vgg16" in out
    assert "scale_pool4 0.01, scale_pool3 0.0001" in out


def test_a_class_that_is_none_of_torchfcns_says_nothing(file, ours):
    write_checkpoint(file, "DataParallel")
    with pytest.raises(WeightsError, match="fcn8s or --arch fcn8s-at-once"):
        convert(file, ours)
    convert(file, ours, arch="fcn8s-at-once")
    assert_converted(ours, "FCN8sAtOnce")


@pytest.mark.parametrize(
    ("write", "arch", "words"),
    [
        *(
            (
                lambda path, net=net: write_checkpoint(path, net),
                *(other, f"says that it is of {OURS[net]}, not of {other}"),
            )
            for net, other in (("FCN8s", "fcn8s-at-once"), ("FCN8sAtOnce", "fcn8s"))
        ),
        *(
            (BARE["PyTorch"], arch, f"layers are those of fcn8s or fcn8s-at-once, not of {arch}")
            for arch in ("fcn32s", "fcn16s", "classifier")
        ),
        (
            lambda path: write_checkpoint(path, "FCN16s"),
            *(None, "fcn8s or fcn8s-at-once, not of fcn16s"),
        ),
    ],
)
def test_a_name_that_the_file_or_its_layers_deny_is_refused(write, arch, words, file, ours):
    write(file)
    with pytest.raises(WeightsError, match=words):
        convert(file, ours, arch=arch)


def test_scales_in_the_file_leave_no_choice(file, ours):
    scales = {"scale_pool4.weight": np.ones(16, np.float32)}
    torch_files.write_state_dict(torch_files.ZIP, file, fcn8s_arrays() | scales)
    with pytest.raises(WeightsError, match="layers are those of fcn8s-at-once, not of fcn8s"):
        convert(file, ours, arch="fcn8s")
    assert convert(file, ours).missing == ("scale_pool3/weight",)


@pytest.mark.parametrize(("stride", "skips"), [(32, ()), (16, ("score_pool4", "upscore2"))])
def test_nets_with_fewer_skips_need_no_name(stride, skips, file, ours):
    kept = ("conv", "fc", "score_fr", *skips)
    arrays = {name: array for name, array in fcn8s_arrays().items() if name.startswith(kept)}
    torch_files.write_state_dict(torch_files.ZIP, file, arrays)
    assert convert(file, ours).spec.arch == f"fcn{stride}s"


def test_our_own_file_is_not_of_another_net(file, ours):
    save_weights(ours, build(ModelSpec("fcn8s", width=1 / 32)).params, {"preprocess": {}})
    with pytest.raises(WeightsError, match="layers are those of fcn8s, not of fcn8s-at-once"):
        convert(ours, file, arch="fcn8s-at-once")


@each_net
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_file_of_the_catalogue_needs_no_name(net, program, tmp_path):
    entry = find(f"{OURS[net].replace('at-once', 'atonce')}-wkentaro-{PROGRAMS[program]}")
    BARE[program](tmp_path / entry.file)
    get(entry._replace(checksums=()), tmp_path, keep=False, as_ours=True)
    assert_converted(tmp_path / f"{entry.name}.h5", net)


def test_inspecting_names_both_nets(file, capsys):
    BARE["Chainer"](file)
    assert main([str(file), "--inspect"]) == 0
    assert "give --arch fcn8s or --arch fcn8s-at-once" in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--arch", "fcn8s-at-once"], []])
def test_inspecting_counts_the_scales(options, file, capsys):
    write_checkpoint(file, "DataParallel" if options else "FCN8sAtOnce")
    assert main([str(file), "--inspect", *options]) == 0
    out = capsys.readouterr().out
    assert "As fcn8s-at-once on vgg16" in out
    assert "it fills 41 of 41 parameters" in out
