"""What is told before a training begins."""

import pytest

from minifcn.data import dataset_class
from minifcn.training.plan import Plan, rate_origin
from minifcn.training.prepare import Memory
from minifcn.training.settings import resolve

MEMORY = Memory((2, 3, 360, 480), 3 << 30, 20 << 30)


def test_the_plan_is_a_table_of_80_columns():
    settings = resolve("voc", width=1.0, weights="none", evaluate_images=100)
    lines = Plan(settings, 0, 8498, 736, MEMORY).lines()
    assert all(len(line) <= 80 for line in lines)
    assert [line[:14].strip() for line in lines] == [
        *("images", "updates", "rate", "evaluation", "memory"),
    ]
    assert "8,498 to train on, 736 to validate; 2 x 360 x 480 pixels" in lines[0]
    assert f"{settings.steps:,} of 20 images" in lines[1]
    assert "1e-08, of recipe accumulate; poly, warm-up of 40" in lines[2]
    assert "on 100 images, and at the end" in lines[3]


def test_what_is_not_as_usual_is_told_in_lines_of_80_columns():
    given = {
        "freeze": "*,!score*",
        "layer_rates": "score*=2",
        "fc_kernel": 3,
        "sample_loss": 0.25,
        "images": 100,
        "patches": 64,
    }
    given |= {"mirror": False, "mask": "background", "learn_upsampling": True}
    given["class_weights"] = {"sky": 2.0}
    lines = Plan(resolve("shapes", **given), 0, 100, 20, MEMORY).lines()[5:]
    assert len(lines) > 1 and all(len(line) <= 80 for line in lines)
    assert " ".join("".join(line[14:] + " " for line in lines).split()) == (
        "--images 100, --patches 64, --no-mirror, --mask background, "
        "--class-weights as config.json has them, --freeze '*,!score*', "
        "--layer-rates 'score*=2', --sample-loss 0.25, --fc-kernel 3, --learn-upsampling"
    )
    assert [line[:14].strip() for line in lines] == ["besides", *[""] * (len(lines) - 1)]


def test_a_resumed_run_says_what_is_made():
    settings = resolve("shapes", weights="none", steps=10, batch_size=1)
    assert (
        "10 of 1 image (0.1 epochs), 4 of them made"
        in (Plan(settings, 4, 100, 20, MEMORY).lines()[1])
    )


@pytest.mark.parametrize(
    ("dataset", "given", "origin"),
    [
        ("shapes", {}, "tried out for small nets"),
        ("shapes", {"rate": 3e-4}, "as given"),
        ("voc", {"width": 1.0, "recipe": "heavy", "arch": "fcn32s"}, "of recipe heavy"),
        ("voc", {"width": 1.0, "recipe": "reference", "arch": "fcn32s"}, "the authors'"),
    ],
)
def test_the_rate_says_where_it_comes_from(dataset, given, origin):
    assert rate_origin(resolve(dataset, **given)) == origin


def test_the_usual_rate_of_ones_own_data_is_not_taken_for_a_given_one():
    own = dataset_class("folder").defaults
    assert rate_origin(resolve("mine (own)", own=own)) == "tried out for small nets"


def test_the_images_that_are_still_to_be_evaluated_are_counted():
    settings = resolve("shapes", steps=10, evaluate_every=3, evaluate_images=5, batch_size=1)
    plan = Plan(settings, 0, 100, 20, MEMORY)
    assert [plan.to_evaluate(made) for made in (0, 2, 3, 9, 10)] == [35, 35, 30, 20, 20]
