"""The sizes of a window that moves over an image."""

from minifcn.functional.window import Window


def test_output_size_and_extent():
    window = Window((3, 2), stride=(2, 3), pad=(1, 0), dilation=(2, 4))
    assert window.extent() == (5, 5)
    assert window.output_size((8, 12)) == (3, 3)  # (8+2-5)//2+1 and (12-5)//3+1
