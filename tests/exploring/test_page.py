"""The page: complete by itself, and its arrays are the library's."""

import re

import numpy as np
import pytest
from helpers.explored import NAMES, drawn, small
from helpers.explored_page import Page

from minifcn.exploring.contents import SOURCES, Textbook, contents
from minifcn.exploring.moments import Moment
from minifcn.exploring.opened import ExploreError, look
from minifcn.exploring.page import LARGEST, TEMPLATES, checked, is_page, page, script, write_page
from minifcn.exploring.subjects import Subject
from minifcn.exploring.values import gradients, traced
from minifcn.functional.softmax import softmax_loss_forward
from minifcn.inference.apply import segment
from minifcn.system.resources import shipped_weights
from minifcn.weights.store import load_weights


def page_of(opened, *subjects):
    return Page(page(*contents(opened, subjects or [drawn()], "a net", SOURCES)))


@pytest.fixture(scope="module")
def of_8s():
    """A page of an FCN-8s and two pictures, one without truth, and of another moment of it."""
    opened = small("8s")
    opened = opened._replace(
        relatives={"fcn32s": small("32s").model},
        moments=[Moment("fcn32s", 7, small("32s").model.net)],
    )
    subjects = [drawn(), Subject("mine", drawn(number=1).image, None)]
    return opened, subjects, page_of(opened, *subjects)


def test_a_page_needs_nothing_but_itself(of_8s):
    _, _, found = of_8s
    assert not [one for one in found.addresses if not one.startswith(("#", "data:"))]
    assert not {"link", "iframe", "object"} & set(found.tags)
    assert "import " not in re.sub(r"/\*.*?\*/|//[^\n]*", "", found.modules[0], flags=re.DOTALL)


def test_every_array_is_there_and_comes_out_in_its_shape(of_8s):
    _, _, found = of_8s
    assert {f"blob-{name}" for name in found.net["blobs"]} | {"net"} == set(found.scripts)
    for name, described in found.net["blobs"].items():
        assert list(found.blob(name).shape) == described["shape"]


def test_values_are_the_librarys_to_the_last_bit(opened):
    subjects = [drawn(), drawn((64, 80), 1)]
    found = page_of(opened, *subjects)
    values, _ = look(opened, subjects)
    for number, one in enumerate(values):
        for name, array in one.items():
            assert np.array_equal(found.values(number, name), array), name


def test_kernels_and_biases_are_the_librarys(of_8s):
    opened, _, found = of_8s
    for name, stage in found.stages.items():
        if stage["kind"] == "conv":
            params, rows = opened.stages[name].layer.params, stage["rows"]
            assert np.array_equal(found.blob(f"weight/{name}"), params["weight"][rows])
            assert np.array_equal(found.blob(f"bias/{name}"), params["bias"][rows])


def test_windows_add_up_to_values(of_8s):
    _, _, found = of_8s
    stage, x = found.stages["conv3_2"], found.values(0, "conv3_1").astype(np.float64)
    kernels, bias = found.blob("weight/conv3_2"), found.blob("bias/conv3_2")
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    summed = np.einsum("cijab,fcab->fij", windows, kernels) + bias[:, None, None]
    assert stage["relu"]
    values = found.values(0, "conv3_2")[stage["rows"]]
    np.testing.assert_allclose(np.maximum(summed, 0), values, atol=1e-5 * values.max())


def test_answers_are_what_the_nets_say(of_8s):
    opened, subjects, found = of_8s
    for number, subject in enumerate(subjects):
        for name, model in (("own", opened.model), *opened.relatives.items()):
            label = segment(model.net, subject.image, model.preprocess)
            assert np.array_equal(found.blob(f"{number}/answer/{name}"), label)


def test_an_answer_of_parts_is_that_of_their_sum(of_8s):
    _, _, found = of_8s
    where = found.net["branches"]
    stage = found.stages[where["last"]]
    for answer in found.net["images"][0]["answers"]:
        if answer["kind"] == "branches":
            shares = sum(found.blob(f"0/branch/{part}") for part in answer["parts"])
            name, kernel = stage["inputs"][0], found.blob(f"weight/{where['last']}")
            scores = np.zeros((len(shares), *stage["shape"][1:]))
            padded = np.zeros((len(shares), 8 * shares.shape[1] + 16, 8 * shares.shape[2] + 16))
            for i, j in np.ndindex(*shares.shape[1:]):
                padded[:, 8 * i : 8 * i + 16, 8 * j : 8 * j + 16] += (
                    kernel * shares[:, i, j, None, None]
                )
            scores = padded[:, 4 : 4 + scores.shape[1], 4 : 4 + scores.shape[2]]
            top, left = where["crop"]
            label = scores[:, top : top + 64, left : left + 48].argmax(axis=0)
            wrong = (found.blob(f"0/answer/{answer['id']}") != label).mean()
            assert wrong < 1e-3, (answer["label"], name)  # sums in another order


def test_gradients_are_within_half_a_step(of_8s):
    opened, subjects, found = of_8s
    values, _ = look(opened, subjects)
    trace = traced(opened.stages, {"data": values[0]["data"][None]})
    loss, cache = softmax_loss_forward(values[0]["score"][None], subjects[0].truth[None])
    seed = opened.model.net.layer("loss").backward(np.ones_like(loss), cache)[0][0]
    slopes = gradients(opened.stages, trace, "score", seed)
    target = found.net["images"][0]["targets"][0]
    assert target["value"] == pytest.approx(float(loss), rel=1e-6)
    for name, maps in target["maps"].items():
        blob = f"0/gradient/loss/{name}"
        scale = found.net["blobs"][blob]["scale"]
        assert np.abs(found.blob(blob) * scale - slopes[name][maps]).max() <= 0.51 * scale
        scale = found.net["blobs"][f"{blob}/sum"]["scale"]
        expected = np.abs(slopes[name]).sum(axis=0)
        assert np.abs(found.blob(f"{blob}/sum") * scale - expected).max() <= 0.51 * scale


def test_every_moment_and_variant_has_its_maps(of_8s):
    _, _, found = of_8s
    (moment,) = found.net["moments"]
    assert (moment["label"], "upscore2" in moment["maps"]) == ("FCN-32s, 7 updates", False)
    for number, image in enumerate(found.net["images"]):
        kinds = [(f"{number}/time/t0", moment["maps"])]
        kinds += [(f"{number}/variant/{one['id']}", one["maps"]) for one in image["variants"]]
        for name, maps in kinds:
            for stage, chosen in maps.items():
                assert len(found.blob(f"{name}/{stage}")) == len(chosen)
        answers = [one["id"] for one in image["answers"]]
        assert {"t0", "masked", "shifted", "own", "fcn32s", "parts0"} < set(answers)


def test_a_stage_says_where_it_looks_and_what_it_costs(of_8s):
    opened, _, found = of_8s
    field = opened.model.net.receptive_fields()["relu4_2"]
    stage = found.stages["conv4_2"]
    assert (stage["field"], stage["stride"]) == (field.size, field.stride)
    layer = opened.stages["conv4_2"].layer
    assert stage["parameters"] == sum(array.size for array in layer.params.values())
    assert stage["nodes"] == ["conv4_2", "relu4_2"]


def test_a_crop_says_why(of_8s):
    _, _, found = of_8s
    assert "pixel (0, 0) of data lies on pixel (0, 0) of upscore8" in found.stages["score"]["why"]


def test_layers_lead_to_the_textbook():
    told, _ = contents(small("32s"), [drawn()], "a net", Textbook("", ".html"))
    pages = {stage["kind"]: told["site"] + stage.get("page", "") for stage in told["stages"]}
    assert (pages["conv"], pages["crop"]) == ("layers/conv.html", "layers/sum-and-crop.html")


def test_of_a_large_net_maps_are_left_out_and_the_rest_rounded(monkeypatch):
    monkeypatch.setattr("minifcn.exploring.kept.VALUES", 10_000)
    monkeypatch.setattr("minifcn.exploring.kept.EXACT", 1)
    opened = small("8s", 1 / 16)
    subjects = [drawn(), drawn(number=1)]
    found = page_of(opened, *subjects)
    values, _ = look(opened, subjects)
    assert [image["exact"] for image in found.net["images"]] == [True, False]
    maps = found.stages["conv2_1"]["maps"]
    assert len(maps) < len(values[0]["conv2_1"])
    assert np.array_equal(found.values(0, "conv2_1"), values[0]["conv2_1"][maps])
    np.testing.assert_allclose(found.values(1, "conv2_1"), values[1]["conv2_1"][maps], rtol=2e-4)
    assert np.array_equal(found.values(1, "score"), values[1]["score"])


def test_names_cannot_end_a_script(of_8s):
    opened, subjects, _ = of_8s
    evil = "</script><script>alert(1)</script><!--"
    model = opened.model._replace(class_names=(evil, *NAMES[1:]))
    found = page_of(opened._replace(model=model), *subjects)
    assert found.net["classes"][0]["name"] == evil
    assert len(found.modules) == 1


def test_the_modules_are_all_in_the_page_and_none_is_named_twice():
    names = (TEMPLATES / "modules.txt").read_text().split()
    assert sorted(names) == sorted(path.name for path in TEMPLATES.glob("*.js"))
    declared = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script(), re.MULTILINE)
    assert len(declared) == len(set(declared))
    assert not re.search(r"^(import|export) ", script(), re.MULTILINE)


def test_a_page_is_known_again(tmp_path):
    assert not is_page(tmp_path / "none.html")
    write_page(tmp_path / "page.html", page(*contents(small("32s"), [drawn()], "", SOURCES)))
    assert is_page(tmp_path / "page.html")
    (tmp_path / "mine.html").write_text("<title>explore</title>")
    assert not is_page(tmp_path / "mine.html")


def test_a_page_that_is_too_large_is_refused():
    with pytest.raises(ExploreError, match="24 MB, and browsers are slow beyond 24: give fewer"):
        checked("x" * (LARGEST + 1))


@pytest.mark.slow
def test_the_demonstrations_net_and_three_pictures_take_less_than_8_mb():
    opened = small("8s", 1 / 8)
    relatives = {"fcn32s": small("32s", 1 / 8), "fcn16s": small("16s", 1 / 8)}
    nets = [one.model.net for one in (*relatives.values(), opened)]
    opened = opened._replace(
        relatives={arch: one.model for arch, one in relatives.items()},
        moments=[Moment("fcn8s", number, net) for number, net in enumerate(2 * nets)],
    )
    learned = load_weights(shipped_weights("vgg16-shapes")).params
    for net in nets:  # whose maps are as often zero as those of a net that was trained
        for address in learned.keys() & net.params.keys():
            net.params[address][:] = learned[address].reshape(net.params[address].shape)
    told, blobs = contents(opened, [drawn((128, 128), n) for n in range(3)], "demo", SOURCES)
    assert told["images"][0]["exact"]
    assert len(page(told, blobs)) < 8_000_000
