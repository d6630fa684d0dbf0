"""The classes file of a folder."""

from __future__ import annotations

import json

import numpy as np
import pytest

from minifcn.data.classes import read_classes
from minifcn.data.dataset import DataError
from minifcn.data.palette import voc_palette


def read_text(folder, text):
    (folder / "classes.txt").write_text(text, encoding="utf-8")
    return read_classes(folder)


def read_json(folder, content):
    (folder / "classes.json").write_text(json.dumps(content))
    return read_classes(folder)


def test_a_name_a_line(tmp_path):
    text = "# values 0, 1, 2\n\nsky\n traffic sign  # any kind\nvélo\n"
    classes = read_text(tmp_path, text)
    assert classes.names == ("sky", "traffic sign", "vélo")
    assert classes.ignore is None and classes.palette is None


def test_a_value_to_ignore_in_text(tmp_path):
    classes = read_text(tmp_path, "sky\nroad\nignore: 11\n")
    assert classes.names == ("sky", "road") and classes.ignore == 11


def test_the_mark_that_windows_editors_write_is_no_name(tmp_path):
    assert read_text(tmp_path, "\ufeffsky\r\nroad\r\n").names == ("sky", "road")


def test_labelmes_first_line_is_255(tmp_path):
    classes = read_text(tmp_path, "__ignore__\n_background_\ncat\n")
    assert classes.names == ("_background_", "cat") and classes.ignore is None


def test_labelmes_ignore_elsewhere_is_refused(tmp_path):
    with pytest.raises(DataError, match=r'__ignore__ for label value 2.* "ignore: 2"'):
        read_text(tmp_path, "a\nb\n__ignore__\n")


@pytest.mark.parametrize("names", [["sky", "road"], {"1": "road", "0": "sky"}])
def test_names_in_json(tmp_path, names):
    assert read_json(tmp_path, {"classes": names}).names == ("sky", "road")


def test_all_of_json(tmp_path):
    palette = [[1, 2, 3], [4, 5, 6], [0, 0, 0]]
    classes = read_json(tmp_path, {"classes": ["a", "b"], "ignore": 2, "palette": palette})
    assert classes.ignore == 2
    assert classes.palette is not None and classes.palette.dtype == np.uint8
    assert classes.palette.tolist() == palette


def test_vocs_colours_by_name(tmp_path):
    classes = read_json(tmp_path, {"classes": ["a", "b"], "palette": "voc"})
    assert np.array_equal(classes.palette, voc_palette())


def test_json_goes_before_text(tmp_path):
    (tmp_path / "classes.txt").write_text("x\ny\n")
    assert read_json(tmp_path, {"classes": ["a", "b"]}).names == ("a", "b")


def test_without_a_file_the_error_asks_for_one(tmp_path):
    with pytest.raises(DataError, match=r"has no classes\.txt; write one"):
        read_classes(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one\n", "names 1 classes; there must be 2 to 255"),
        ("a\na\n", "names must be different"),
        ("a\nb\nignore: c\n", "one number within 0..255, not c"),
        ("a\nb\nignore: 256\n", "not 256"),
    ],
)
def test_wrong_text_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=rf"classes\.txt.*{message}"):
        read_text(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (["a", "b"], 'must be an object like {"classes"'),
        ({"names": ["a", "b"]}, 'must be an object like {"classes"'),
        ({"classes": "ab"}, 'must be an object like {"classes"'),
        ({"classes": ["a", "b"], "colors": []}, r"has \['colors'\]"),
        ({"classes": {"0": "a", "2": "b"}}, "must name the values 0..1, each once"),
        ({"classes": ["a", 5]}, "must be different texts"),
        ({"classes": ["a", "b"], "ignore": True}, "one number within 0..255, not True"),
        ({"classes": ["a", "b"], "palette": [[0, 0, 0]]}, "2 classes but 1 colours"),
        ({"classes": ["a", "b"], "palette": [[0, 0, 0], [0, 0]]}, r"one \[red, green, blue\]"),
        ({"classes": ["a", "b"], "palette": [[0, 0, 0], [0, 0, 256]]}, r"\(0..255\)"),
        ({"classes": ["a", "b"], "palette": [[1, 1, 1], [1, 1, 1]]}, "are the same colour"),
    ],
)
def test_wrong_json_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=rf"classes\.json.*{message}"):
        read_json(tmp_path, content)


def test_what_is_no_json_is_refused(tmp_path):
    (tmp_path / "classes.json").write_text("{")
    with pytest.raises(DataError, match=r"classes\.json is not JSON"):
        read_classes(tmp_path)


def test_text_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "classes.txt").write_bytes("vélo\nroad\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"classes\.txt is not UTF-8"):
        read_classes(tmp_path)
