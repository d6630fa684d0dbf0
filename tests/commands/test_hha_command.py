"""The command that encodes depth maps: from a PNG to a PNG."""

import numpy as np
import pytest
from PIL import Image

from minifcn import hha
from minifcn.data.hha import encode_hha
from minifcn.data.images import read_image
from minifcn.data.normals import Camera

MILLIMETRES = np.random.default_rng(0).integers(900, 5000, (20, 30), np.uint16)


@pytest.fixture
def depth(tmp_path):
    Image.fromarray(MILLIMETRES).save(tmp_path / "depth.png")
    return tmp_path / "depth.png"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], encode_hha(MILLIMETRES / np.float32(1000))),
        (
            ["--per-metre", "500", "--camera", "30", "31", "14.5", "9.5"],
            encode_hha(MILLIMETRES / np.float32(500), Camera(30, 31, 14.5, 9.5)),
        ),
    ],
)
def test_the_picture_is_the_hha_of_the_depth(depth, options, expected, capsys):
    out = depth.with_name("hha.png")
    assert hha.main([str(depth), "-o", str(out), *options]) == 0
    np.testing.assert_array_equal(read_image(out), expected)
    assert "depth.png -> " in capsys.readouterr().out


def test_a_file_that_is_no_depth_map_is_named_and_nothing_is_written(tmp_path, capsys):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    assert hha.main([str(tmp_path / "a.png"), "-o", str(tmp_path / "hha.png")]) == 1
    assert "a.png has pixels of mode RGB" in capsys.readouterr().err
    assert not (tmp_path / "hha.png").exists()


@pytest.mark.parametrize("option", [["--per-metre", "0"], ["--camera", "1", "-1", "0", "0"]])
def test_impossible_numbers_are_refused(depth, option, capsys):
    with pytest.raises(SystemExit):
        hha.main([str(depth), "-o", "hha.png", *option])
    assert "must be above 0" in capsys.readouterr().err
