"""What a page holds of a net that is too large for it."""

import numpy as np
from helpers.explored import drawn, small

from minifcn.exploring.kept import choose, scores_of
from minifcn.exploring.values import net_data, stage_values


def looked_at(opened, limit):
    values = [
        stage_values(opened.model.net, opened.stages, net_data(opened.model, drawn(number=n).image))
        for n in range(2)
    ]
    whole = scores_of(opened.stages, opened.branches.parts, opened.output)
    return values, choose(opened.stages, values, whole, limit)


def test_a_small_net_is_kept_whole(opened):
    values, kept = looked_at(opened, 10**9)
    assert all(kept.maps[name] == list(range(len(a))) for name, a in values[0].items())


def test_of_a_larger_one_the_brightest_maps_are():
    values, kept = looked_at(small("8s", 1 / 16), 20_000)
    bright = sum(np.abs(one["conv4_2"]).mean(axis=(1, 2)) for one in values)
    maps = kept.maps["conv4_2"]
    assert 0 < len(maps) < len(bright)
    assert set(maps) == set(np.argsort(-bright)[: len(maps)].tolist())
    assert maps == sorted(maps)


def test_the_order_is_that_of_each_picture():
    values, kept = looked_at(small("8s", 1 / 16), 20_000)
    for one, order in zip(values, kept.order, strict=True):
        bright = np.abs(one["conv3_1"]).mean(axis=(1, 2))[order["conv3_1"]]
        assert (np.diff(bright) <= 0).all()
        assert sorted(order["conv3_1"]) == kept.maps["conv3_1"]


def test_scores_are_kept_whole_in_any_case():
    values, kept = looked_at(small("8s", 1 / 16), 1)
    for name in ("score_fr", "score_pool3", "upscore2", "fuse_pool4", "upscore8", "score"):
        assert len(kept.maps[name]) == len(values[0][name])
    assert len(kept.maps["conv1_1"]) == 1


def test_what_follows_a_map_keeps_that_map():
    _, kept = looked_at(small("8s", 1 / 16), 20_000)
    assert kept.maps["pool3"] == kept.maps["conv3_3"]
    assert kept.columns["conv4_1"] == kept.maps["pool3"]
    assert set(kept.rows["conv4_1"]) <= set(kept.maps["conv4_1"])


def test_a_module_keeps_the_maps_of_its_branches():
    values, kept = looked_at(small("GoogLeNet", 1 / 8), 20_000)
    name, start, expected = "inception_4e", 0, []
    for part in ("1x1", "3x3", "5x5", "pool_proj"):
        expected += [start + one for one in kept.maps[f"{name}/{part}"]]
        start += len(values[0][f"{name}/{part}"])
    assert kept.maps[f"{name}/output"] == expected


def test_of_kernels_in_groups_all_or_none_are_kept():
    _, kept = looked_at(small("AlexNet", 1 / 8), 10**9)
    assert kept.rows["conv2"]
    _, kept = looked_at(small("AlexNet", 1 / 8), 1000)
    assert not kept.rows["conv2"]
