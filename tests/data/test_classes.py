"""The classes file of a folder."""

import json

import numpy as np
import pytest

from minifcn.data.classes import read_classes
from minifcn.data.dataset import DataError
from minifcn.data.palette import voc_palette


def read(folder, content, encoding="utf-8"):
    """Read what is written to classes.txt, or to classes.json if it is not a text."""
    if isinstance(content, str):
        (folder / "classes.txt").write_bytes(content.encode(encoding))
    else:
        (folder / "classes.json").write_text(json.dumps(content))
    return read_classes(folder)


AB = ["a", "b"]


@pytest.mark.parametrize(
    ("content", "names", "ignore"),
    [
        ("# a, b, c\n\nsky\n traffic sign  # any\nvélo\n", ("sky", "traffic sign", "vélo"), None),
        ("sky\nroad\nignore: 11\n", ("sky", "road"), 11),
        ("\ufeffsky\r\nroad\r\n", ("sky", "road"), None),  # as editors on Windows write it
        ("__ignore__\n_background_\ncat\n", ("_background_", "cat"), None),  # as labelme does
        ({"classes": AB}, ("a", "b"), None),
        ({"classes": {"1": "b", "0": "a"}, "ignore": 2}, ("a", "b"), 2),
    ],
)
def test_names_and_the_value_to_ignore(tmp_path, content, names, ignore):
    classes = read(tmp_path, content)
    assert (classes.names, classes.ignore, classes.palette) == (names, ignore, None)


def test_palettes_and_that_json_goes_before_text(tmp_path):
    (tmp_path / "classes.txt").write_text("x\ny\n")
    palette = [[1, 2, 3], [4, 5, 6], [0, 0, 0]]
    classes = read(tmp_path, {"classes": AB, "ignore": 2, "palette": palette})
    assert classes.names == ("a", "b") and classes.palette.dtype == np.uint8
    assert classes.palette.tolist() == palette
    assert np.array_equal(read(tmp_path, {"classes": AB, "palette": "voc"}).palette, voc_palette())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("one\n", "names 1 classes; there must be 2 to 255"),
        ("a\na\n", "names must be different"),
        ("a\nb\nignore: c\n", r"one number within 0\.\.255, not c"),
        ("a\nb\nignore: 256\n", "not 256"),
        ("a\nb\n__ignore__\n", '__ignore__ for label value 2.* "ignore: 2"'),
        (AB, 'must be an object like {"classes"'),
        ({"names": AB}, 'must be an object like {"classes"'),
        ({"classes": "ab"}, 'must be an object like {"classes"'),
        ({"classes": AB, "colors": []}, r"has \['colors'\]"),
        ({"classes": {"0": "a", "2": "b"}}, r"must name the values 0\.\.1, each once"),
        ({"classes": ["a", 5]}, "must be different texts"),
        ({"classes": AB, "ignore": True}, r"one number within 0\.\.255, not True"),
        ({"classes": AB, "palette": [[0, 0, 0]]}, "2 classes but 1 colours"),
        ({"classes": AB, "palette": [[0, 0, 0], [0, 0]]}, r"one \[red, green, blue\]"),
        ({"classes": AB, "palette": [[0, 0, 0], [0, 0, 256]]}, r"\(0\.\.255\)"),
        ({"classes": AB, "palette": [[1, 1, 1], [1, 1, 1]]}, "are the same colour"),
    ],
)
def test_wrong_content_is_refused(tmp_path, content, message):
    file = r"classes\.txt" if isinstance(content, str) else r"classes\.json"
    with pytest.raises(DataError, match=rf"{file}.*{message}"):
        read(tmp_path, content)


def test_what_is_no_classes_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"has no classes\.txt; write one"):
        read_classes(tmp_path)
    with pytest.raises(DataError, match=r"classes\.txt is not UTF-8"):
        read(tmp_path, "vélo\nroad\n", encoding="latin-1")
    (tmp_path / "classes.json").write_text("{")
    with pytest.raises(DataError, match=r"classes\.json is not JSON"):
        read_classes(tmp_path)
