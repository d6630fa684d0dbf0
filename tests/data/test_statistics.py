"""What a data set holds, counted: on data sets in memory of which everything is known."""

import numpy as np
import pytest
from PIL import Image

from minifcn.data.dataset import DataError, Sample
from minifcn.data.statistics import (
    colours_of_maps,
    head_classes,
    head_labels,
    head_palettes,
    look,
    looks,
    spread,
    summarise,
)

PALETTE = np.zeros((256, 3), np.uint8)


class TwoHeads:
    """Samples of the classes a, b, c and, in the head geo, up and down; errors in their places."""

    class_names = ("a", "b", "c")
    palette = PALETTE

    def __init__(self, *samples):
        self.samples = samples
        self.ids = [f"s{i}" for i in range(len(samples))]
        self.extra_classes = {"geo": ("up", "down")}
        self.extra_palettes = {"geo": PALETTE + 1}

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        if isinstance(self.samples[index], str):
            raise DataError(self.samples[index])
        label, geo, *depth = (np.array(array, np.uint8) for array in self.samples[index])
        image = np.full((*label.shape, 3), (10, 20, 30 * index), np.uint8)
        return Sample(self.ids[index], image, label, dict(enumerate(depth)), {"geo": geo})


def statistics(*samples, threads=2):
    dataset = TwoHeads(*samples)
    return summarise(dataset, looks(dataset, range(len(dataset)), threads))


def test_each_head_is_counted():
    found = statistics(([[0, 0, 1]], [[0, 255, 255]]), ([[0, 255, 255]], [[0, 0, 0]]))
    label, geo = found.heads["label"], found.heads["geo"]
    assert label.counts[[0, 1, 2, 255]].tolist() == [3, 1, 0, 2]
    assert label.images[[0, 1, 2, 255]].tolist() == [2, 1, 0, 1]
    assert label.shares().tolist() == [0.75, 0.25, 0] and label.ignored() == 2 / 6
    assert label.absent() == ["c"] and geo.absent() == ["down"]
    assert geo.counts[[0, 255]].tolist() == [4, 2]
    assert found.samples == 2 and not found.problems


def test_sizes_and_the_mean_of_all_pixels():
    found = statistics(([[0, 0, 0]], [[0, 0, 0]]), ([[0]], [[0]]), ([[0]], [[0]]))
    assert found.sizes == {(1, 3): 1, (1, 1): 2}
    assert found.mean.tolist() == [10, 20, (30 + 60) / 5]


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ("file x is broken", "file x is broken"),
        (([[3]], [[0]]), r"label map 'label' holds [3], not only 0..2 or 255"),
        (([[2]], [[2]]), r"label map 'geo' holds [2], not only 0..1 or 255"),
        (([[2]], [[0, 0]]), r"image (1, 1) and its label map 'geo' (1, 2) differ in size"),
        (([[2]], [[0]], [[0], [0]]), r"image (1, 1) and its 0 (2, 1) differ in size"),
    ],
)
def test_what_is_wrong_with_a_sample_is_said(sample, message):
    assert look(TwoHeads(sample), 0).problem == message
    assert statistics(sample).problems == {message: ["s0"]}


def test_a_broken_sample_does_not_count_and_problems_of_one_kind_are_one():
    found = statistics(
        "in/s0.png is grey", "in/s1.png is grey", "s2.png is cut off", ([[1]], [[1]])
    )
    assert found.samples == 4 and found.sizes.total() == 1
    assert found.heads["label"].counts.sum() == 1
    assert found.problems == {"in/s0.png is grey": ["s0", "s1"], "s2.png is cut off": ["s2"]}


def test_samples_come_in_their_order_whatever_the_threads():
    dataset = TwoHeads(*[([[i % 3]], [[0]]) for i in range(20)])
    places = [one.place for one in looks(dataset, [5, 3, 17, 4], 4)]
    assert places == [5, 3, 17, 4]


def test_nothing_is_divided_by_nothing():
    found = statistics("broken")
    assert found.heads["label"].shares().tolist() == [0, 0, 0] and found.mean.tolist() == [0, 0, 0]


def test_the_heads_of_a_data_set_and_a_sample():
    dataset = TwoHeads(([[1]], [[0]]))
    assert head_classes(dataset) == {"label": ("a", "b", "c"), "geo": ("up", "down")}
    assert [p[0, 0] for p in head_palettes(dataset).values()] == [0, 1]
    assert [label[0, 0] for label in head_labels(dataset[0]).values()] == [1, 0]


class Maps:
    """Label maps in files, to be looked at by their colours."""

    def __init__(self, folder, *pictures):
        self.paths = [folder / f"{i}.png" for i in range(len(pictures))]
        for path, pixels in zip(self.paths, pictures, strict=True):
            Image.fromarray(np.array(pixels, np.uint8)).save(path)

    def label_path(self, index):
        return self.paths[index]


def test_the_colours_of_rgb_maps_are_collected_from_all_of_them(tmp_path):
    red, blue, green = [255, 0, 0], [0, 0, 255], [0, 255, 0]
    maps = Maps(tmp_path, [[red, blue, blue]], [[green, blue, green]], [[1, 2, 3]])
    (tmp_path / "3.png").write_bytes(b"broken")
    maps.paths.append(tmp_path / "3.png")
    assert colours_of_maps(maps, range(4)) == [blue, green, red]
    assert colours_of_maps(maps, [2, 3]) == []


def test_a_photograph_offers_no_palette(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    assert colours_of_maps(Maps(tmp_path, noise), [0]) == []


@pytest.mark.parametrize(
    ("total", "count", "indices"), [(9, 3, [0, 4, 8]), (2, 5, [0, 1]), (7, 1, [0]), (0, 3, [])]
)
def test_indices_are_spread_evenly(total, count, indices):
    assert spread(total, count) == indices
