"""The loader: batches as a function of seed and number, threads, errors, time waited."""

import threading
import time
from itertools import islice

import numpy as np
import pytest

from minifcn.data.dataset import DataError, Sample
from minifcn.data.loader import Batch, Loader
from minifcn.data.shapes import ShapesClassification
from minifcn.data.transforms import Preprocess

PLAIN = Preprocess("RGB", (0, 0, 0))


class Numbers:
    """Sample i is an image and a label map full of i, in an image whose columns differ."""

    def __init__(self, length=7, failing=(), seconds=0.0):
        self.length, self.failing, self.seconds = length, failing, seconds

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        time.sleep(self.seconds)
        if index in self.failing:
            raise DataError(f"image {index}.png is broken")
        image = np.full((4, 5, 3), index, np.uint8)
        image[..., 0] = np.arange(5)
        return Sample(str(index), image, np.full((4, 5), index, np.uint8))


class Places(Numbers):
    """Each pixel's label, and its red, is where it lies: 5 for each row and 1 for each column."""

    def __getitem__(self, index):
        label = np.arange(20, dtype=np.uint8).reshape(4, 5)
        return Sample(str(index), np.repeat(label[..., None], 3, axis=2), label)


def loader(dataset=None, **options):
    options = {"batch_size": 3, "seed": 1, "workers": 0} | options
    return Loader(Numbers() if dataset is None else dataset, PLAIN, **options)


def take(batches, count):
    taken = list(islice(batches, count))
    batches.close()
    return taken


def same(first: Batch, second: Batch) -> bool:
    return (
        first.ids == second.ids
        and np.array_equal(first.data, second.data)
        and np.array_equal(first.label, second.label)
    )


def loader_threads() -> int:
    return sum(t.name.startswith("minifcn-loader") for t in threading.enumerate())


def test_a_batch():
    batch = loader(shuffle=False).batch(1)
    assert batch.ids == ["3", "4", "5"]
    assert batch.data.shape == (3, 3, 4, 5) and batch.data.dtype == np.float32
    assert batch.label.shape == (3, 4, 5) and batch.label.dtype == np.int32
    assert batch.label[:, 0, 0].tolist() == [3, 4, 5] == batch.data[:, 1, 0, 0].tolist()


def test_an_epoch_has_every_sample_once():
    batches = take(loader().batches(), 3)
    assert len(loader()) == 3 and [len(batch.ids) for batch in batches] == [3, 3, 1]
    assert sorted(name for batch in batches for name in batch.ids) == list("0123456")


def test_each_epoch_and_each_seed_has_an_order_of_its_own():
    ids = [batch.ids for batch in take(loader(Numbers(50), batch_size=50).batches(), 3)]
    ids.append(loader(Numbers(50), batch_size=50, seed=2).batch(0).ids)
    assert len(set(map(tuple, ids))) == 4


def test_without_shuffling_the_order_is_kept():
    ids = [name for batch in take(loader(shuffle=False).batches(), 6) for name in batch.ids]
    assert ids == list("01234560123456")


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("start", [0, 2, 5])
def test_a_batch_depends_on_seed_and_number_alone(workers, start):
    options = {"mirror": True, "jitter": 2}
    expected = take(loader(**options).batches(), 9)
    batches = take(loader(workers=workers, **options).batches(start), 9 - start)
    assert all(map(same, batches, expected[start:]))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_part_of_the_batches_is_what_it_is_among_all(workers):
    all_of_them = loader(workers=workers, jitter=1).batches(2)
    every_third = loader(workers=workers, jitter=1).batches(2, lambda number: number % 3 == 1)
    expected = [batch for number, batch in enumerate(islice(all_of_them, 7), 2) if number % 3 == 1]
    for batch, other in zip(islice(every_third, 2), expected, strict=True):
        assert batch.ids == other.ids
        assert np.array_equal(batch.data, other.data)


def test_half_the_samples_are_mirrored_with_their_labels():
    class Columns(Numbers):
        def __getitem__(self, index):
            sample = super().__getitem__(index)
            return sample._replace(label=sample.image[..., 0])

    batch = loader(Columns(100), batch_size=100, mirror=True).batch(0)
    assert np.array_equal(batch.data[:, 0], batch.label)
    mirrored = batch.label[:, 0, 0] == 4
    assert 30 < mirrored.sum() < 70


def test_jitter_moves_by_up_to_so_many_pixels_each_way():
    class Dot(Numbers):
        def __getitem__(self, index):
            label = np.zeros((9, 9), np.uint8)
            label[4, 4] = 1
            return Sample("dot", np.stack([label] * 3, axis=2), label)

    batch = loader(Dot(300), batch_size=300, jitter=2).batch(0)
    places = {(int(row) - 4, int(column) - 4) for _, row, column in np.argwhere(batch.label == 1)}
    assert places == {(down, right) for down in range(-2, 3) for right in range(-2, 3)}
    assert np.array_equal(batch.data[:, 0] == 1, batch.label == 1)
    assert (batch.data[:, 0][batch.label == 255] == 0).all() and (batch.label == 255).any()


def test_sizes_are_spread_over_the_range_of_the_scale():
    sizes = [
        loader(batch_size=1, scale=(0.5, 4)).batch(number).label.shape[1] for number in range(300)
    ]
    assert min(sizes) == 2 and max(sizes) >= 15 and set(sizes) <= set(range(2, 17))
    assert np.mean(np.array(sizes) < 5.7) == pytest.approx(0.5, abs=0.1)  # 4 * sqrt(0.5 * 4)


def test_a_scale_of_one_number_is_that_size_and_pixels_keep_their_labels():
    batch = loader(batch_size=2, scale=(2, 2), shuffle=False).batch(0)
    assert batch.data.shape == (2, 3, 8, 10) and batch.label.shape == (2, 8, 10)
    assert np.array_equal(batch.data[:, 1], batch.label)  # green holds the label


@pytest.mark.parametrize("scale", [(2, 1), (0, 1), (-1, 1)])
def test_a_scale_without_order_or_size_is_refused(scale):
    with pytest.raises(ValueError, match="scale must be two factors above 0"):
        loader(scale=scale)


def test_class_labels_come_as_a_vector():
    images = ShapesClassification("train", size=(32, 32), length=4)
    batch = loader(images, batch_size=4, mirror=True, jitter=3, shuffle=False).batch(0)
    assert batch.label.tolist() == [images[i].label for i in range(4)]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_surfaces_when_its_batch_is_due(workers):
    batches = loader(Numbers(failing=[4]), shuffle=False, workers=workers).batches()
    assert next(batches).ids == ["0", "1", "2"]
    with pytest.raises(DataError, match=r"image 4\.png is broken"):
        next(batches)
    assert loader_threads() == 0


@pytest.mark.parametrize("end", [lambda batches: batches.close(), lambda batches: None])
def test_closing_or_dropping_ends_the_threads(end):
    batches = loader(workers=3).batches()
    next(batches)
    assert loader_threads() > 0
    end(batches)
    del batches
    assert loader_threads() == 0


def test_batches_are_read_ahead():
    class Counted(Numbers):
        reads = 0

        def __getitem__(self, index):
            self.reads += 1
            return super().__getitem__(index)

    dataset = Counted()
    batches = loader(dataset, workers=1).batches()
    next(batches)
    deadline = time.monotonic() + 10
    while dataset.reads < 7 and time.monotonic() < deadline:  # the whole epoch: three batches
        time.sleep(0.001)
    batches.close()
    assert dataset.reads == 7


def test_waiting_is_measured_without_threads():
    slow = loader(Numbers(seconds=0.01))
    take(slow.batches(), 2)
    assert slow.waited > 0.05


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"seed": -1}, {"jitter": -1}, {"workers": -1}, {"patches": 0}]
)
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be at least"):
        loader(**options)
    with pytest.raises(ValueError, match="start must be at least 0"):
        loader().batches(-1)
    with pytest.raises(DataError, match="no samples"):
        loader(Numbers(0))


def test_patches_are_squares_of_the_image_and_its_labels_from_everywhere():
    batch = loader(Places(400), batch_size=400, patches=2, mirror=False).batch(0)
    assert batch.data.shape == (400, 3, 2, 2) and batch.label.shape == (400, 2, 2)
    assert np.array_equal(batch.data[:, 0], batch.label)  # cut out at the same place
    assert set(batch.label[:, 0, 0].tolist()) == {0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13}
    assert (batch.label[:, 1, 1] - batch.label[:, 0, 0] == 6).all()


def test_patches_of_smaller_images_end_in_the_mean_and_in_labels_that_do_not_count():
    batch = loader(patches=6).batch(0)
    assert batch.label.shape == (3, 6, 6)
    assert (batch.label[:, 4:] == 255).all() and (batch.label[:, :, 5:] == 255).all()
    assert not batch.data[:, :, 4:].any() and (batch.label[:, :4, :5] != 255).all()


def test_without_patches_augmentation_draws_as_before():
    whole, patches = (loader(jitter=2, mirror=True, patches=p).batch(3) for p in (None, 9))
    assert np.array_equal(patches.data[:, :, :4, :5], whole.data)
