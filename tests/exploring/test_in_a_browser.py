"""The page in Chromium: every view is opened, and what it shows is what the library computes."""

from copy import copy
from dataclasses import dataclass

import numpy as np
import pytest
from helpers.browser import Visit, chromium
from helpers.explored import drawn, small

from minifcn.exploring.branches import contributions
from minifcn.exploring.contents import SOURCES, contents
from minifcn.exploring.moments import Moment
from minifcn.exploring.page import page as rendered
from minifcn.exploring.values import net_data, stage_values
from minifcn.functional.softmax import softmax

PIXEL = (21, 34)
PHONE = {"width": 390, "height": 844}


@dataclass
class World:
    """What is explored, and what the library says of it."""

    opened: object
    told: dict
    values: dict  # of each stage (C, H, W), for the first picture
    parts: list  # of the scores, where the last upsampling reads them
    file: object
    browser: object


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    opened = small("8s")
    earlier = Moment("fcn8s", 10, small("8s").model.net)
    opened = opened._replace(moments=[earlier])
    subjects = [drawn(), drawn(number=1)]
    told, blobs = contents(opened, subjects, "net", SOURCES)
    file = tmp_path_factory.mktemp("explore") / "explore.html"
    file.write_text(rendered(told, blobs), encoding="utf-8")
    data = net_data(opened.model, subjects[0].image)
    values = stage_values(opened.model.net, opened.stages, data)
    parts = contributions(opened.stages, opened.branches, values)
    with chromium() as browser:
        yield World(opened, told, values, parts, file, browser)


@pytest.fixture(scope="module")
def shared(world):
    """One window for all tests that need no other; nothing of what it showed was complained of."""
    visit = Visit(world.browser, world.file, viewport={"width": 1280, "height": 800})
    visit.open()
    yield visit
    assert not visit.complaints
    assert not visit.requests


@pytest.fixture
def visit(shared):
    shared.go("#")
    return shared


def params(world, name):
    return world.opened.model.net.layer(name).params


def scores_of(world, part, pixel):
    """Return the scores of a pixel that follow from values before the last upsampling."""
    last = copy(world.opened.stages[world.opened.branches.last].layer)
    last.params = {name: array.astype(np.float64) for name, array in last.params.items()}
    up, _ = last.forward(part[None])
    down, right = world.opened.branches.crop
    return up[0, :, pixel[0] + down, pixel[1] + right]


def test_the_net_is_shown_whole(world, visit):
    stages = [stage["name"] for stage in world.told["stages"]]
    shown = [one.get_attribute("data-stage") for one in visit.page.locator(".node").all()]
    assert sorted(shown) == sorted(stages)
    visit.page.wait_for_function(
        "[...document.querySelectorAll('canvas.tile')].every((one) => one.width !== 300)"
    )
    assert visit.page.locator(".wires path").count() == sum(
        len(stage["inputs"][: 1 if stage["kind"] == "crop" else None])
        for stage in world.told["stages"]
    )


def test_pointing_at_a_tile_marks_what_feeds_it(visit):
    visit.page.hover('[data-stage="conv2_1"]')
    fed = [one.get_attribute("data-stage") for one in visit.page.locator(".node.fed").all()]
    assert fed == ["data", "conv1_1", "conv1_2", "pool1", "conv2_1"]


def test_a_tile_has_pages(visit):
    tile = visit.page.locator('[data-stage="conv4_1"]')
    tile.hover()
    before = tile.locator("canvas").get_attribute("aria-label")
    tile.locator(".pager button").last.click()
    assert tile.locator("canvas").get_attribute("aria-label") != before
    assert visit.shown == "#"


def test_a_click_on_a_pixel_tells_its_scores_and_probabilities(world, visit):
    box = visit.page.locator('[data-key="answer"]').bounding_box()
    height, width = world.values["score"].shape[1:]
    row, column = PIXEL
    visit.page.mouse.click(
        box["x"] + (column + 0.5) / width * box["width"],
        box["y"] + (row + 0.5) / height * box["height"],
    )
    visit.arrive(f"#score/{row},{column}")
    scores = world.values["score"][:, row, column]
    order = [
        int(one.get_attribute("data-class")) for one in visit.page.locator(".sums tbody tr").all()
    ]
    assert order == np.argsort(-scores, kind="stable").tolist()
    np.testing.assert_array_equal(np.float32(visit.numbers("td.own data")), scores[order])
    expected = softmax(scores[None, :, None, None].astype(np.float64))[0, order, 0, 0]
    np.testing.assert_allclose(visit.numbers("td.probability data"), expected, rtol=1e-12)


def test_the_shares_of_a_pixel_are_those_of_the_library_and_add_up(world, visit):
    visit.go(f"#score/{PIXEL[0]},{PIXEL[1]}")
    for place, part in enumerate(world.parts):
        expected = scores_of(world, part, PIXEL)
        shown = visit.numbers(f".sums tbody td:nth-of-type({place + 1}) data")
        classes = [
            int(one.get_attribute("data-class"))
            for one in visit.page.locator(".sums tbody tr").all()
        ]
        np.testing.assert_allclose(shown, expected[classes], rtol=1e-6, atol=1e-9)
    shares = [visit.numbers(f".sums tbody td:nth-of-type({n}) data") for n in (1, 2, 3)]
    totals = visit.numbers("td.total data")[: len(shares[0])]
    np.testing.assert_allclose(np.sum(shares, axis=0), totals, rtol=1e-14)
    scale = np.abs(world.values["score"]).max()
    np.testing.assert_allclose(totals, visit.numbers("td.own data"), atol=1e-5 * scale)


def test_without_each_part_another_class_may_win(world, visit):
    visit.go(f"#score/{PIXEL[0]},{PIXEL[1]}")
    names = world.opened.model.class_names
    shown = visit.texts(".without li b")
    assert len(shown) == len(world.parts)
    for left, text in enumerate(shown):
        rest = sum(part for place, part in enumerate(world.parts) if place != left)
        assert text.strip() == names[int(scores_of(world, rest, PIXEL).argmax())]


@pytest.mark.parametrize("name", ["conv1_1", "conv3_3", "fc6", "fc7", "score_pool4"])
def test_a_convolution_is_a_dot_product(world, visit, name):
    stage = next(one for one in world.told["stages"] if one["name"] == name)
    values = world.values[name]
    channel = max(stage["rows"], key=lambda one: values[one].max())
    row, column = np.unravel_index(values[channel].argmax(), values.shape[1:])
    visit.go(f"#{name}/{row},{column}/{channel}")
    assert np.float32(visit.number(".equation .library")) == values[channel, row, column]
    bias = params(world, name)["bias"][channel]
    assert np.float32(visit.number(".bias")) == bias
    raw = visit.number(".raw")
    assert raw == pytest.approx(visit.number(".sum") + bias)
    scale = float(np.abs(values).max())
    expected = max(0, raw) if stage["relu"] else raw
    assert expected == pytest.approx(values[channel, row, column], abs=1e-5 * scale)


def test_the_windows_and_kernels_of_a_convolution_are_the_nets(world, visit):
    row, column, channel = 4, 5, 1
    visit.go(f"#conv3_2/{row},{column}/{channel}")
    weight = params(world, "conv3_2")["weight"][channel]
    before = np.pad(world.values["conv3_1"], ((0, 0), (1, 1), (1, 1)))
    window = before[:, row : row + 3, column : column + 3]
    sums = (window.astype(np.float64) * weight).sum(axis=(1, 2))
    shown = visit.page.locator(".term-row").all()
    order = [int(one.get_attribute("data-channel")) for one in shown]
    assert order == np.argsort(-np.abs(sums), kind="stable")[: len(order)].tolist()
    for one, place in zip(shown, order, strict=True):
        grids = [
            [float(cell.get_attribute("value")) for cell in grid.locator("data").all()]
            for grid in one.locator("table").all()
        ]
        np.testing.assert_array_equal(np.float32(grids[0]), window[place].ravel())
        np.testing.assert_array_equal(np.float32(grids[1]), weight[place].ravel())
        products = window[place].astype(np.float64) * weight[place]
        np.testing.assert_allclose(grids[2], products.ravel(), rtol=1e-15)
        shown_sum = float(one.locator(".partial").get_attribute("value"))
        assert shown_sum == pytest.approx(sums[place], rel=1e-12)


def test_im2col_lays_the_window_out_as_a_column(world, visit):
    visit.go("#conv3_2/4,5/1")
    whole = visit.number(".sum")
    visit.page.click('[data-key="form-column"]')
    visit.page.locator(".made .row button").nth(2).click()  # back from the first page is the last
    assert visit.numbers("table.column tr:last-child data")[-1] == pytest.approx(whole, rel=1e-12)
    visit.page.click('[data-key="form-dot"]')


def test_a_score_tells_which_maps_spoke_for_a_class_and_not_another(world, visit):
    visit.go("#score_pool4/1,2/3?against=1")
    weight = params(world, "score_pool4")["weight"][:, :, 0, 0].astype(np.float64)
    ahead = (weight[3] - weight[1]) * world.values["pool4"][:, 1, 2]
    order = np.argsort(-np.abs(ahead), kind="stable")
    shown = visit.numbers("table.votes .partial")
    np.testing.assert_allclose(shown, ahead[order[: len(shown)]], rtol=1e-6)
    score = world.values["score_pool4"][:, 1, 2].astype(np.float64)
    assert visit.number(".equation .library") == pytest.approx(score[3] - score[1], rel=1e-7)


def test_a_pooling_names_the_winner(world, visit):
    values = world.values["pool2"]
    channel, row, column = np.unravel_index(values.argmax(), values.shape)
    visit.go(f"#pool2/{row},{column}/{channel}")
    assert np.float32(visit.number(".made .library")) == values[channel, row, column]
    window = world.values["conv2_2"][channel, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    y, x = np.unravel_index(window.argmax(), window.shape)
    assert f"conv2_2 at {2 * row + y}, {2 * column + x}" in visit.texts(".made a")
    assert len(visit.numbers("td.winner data")) == 1


@pytest.mark.parametrize("name", ["upscore2", "upscore8"])
def test_an_upsampling_shows_the_stamps_that_overlap(world, visit, name):
    values = world.values[name]
    row, column = values.shape[1] // 2, values.shape[2] // 2
    visit.go(f"#{name}/{row},{column}/2")
    assert np.float32(visit.number(".equation .library")) == values[2, row, column]
    assert visit.number(".sum") == pytest.approx(sum(visit.numbers(".partial")))
    assert visit.number(".sum") == pytest.approx(values[2, row, column], rel=1e-5)
    assert visit.page.locator("svg .stamp").count() == 4


def test_a_sum_and_a_crop_show_their_inputs(world, visit):
    visit.go("#fuse_pool4/1,2/3")
    terms = visit.numbers(".equation .partial")
    inputs = [world.values[name][3, 1, 2] for name in ("upscore2c", "score_pool4")]
    np.testing.assert_array_equal(np.float32(terms), inputs)
    assert np.float32(visit.number(".library")) == world.values["fuse_pool4"][3, 1, 2]
    visit.go("#upscore2c/1,2/3")
    assert np.float32(visit.number(".library")) == world.values["upscore2c"][3, 1, 2]
    assert "The crop begins" in visit.page.inner_text(".made")


def test_the_picture_is_prepared_as_the_net_takes_it(world, visit):
    visit.go("#data/10,20/1")
    assert np.float32(visit.number(".made .library")) == world.values["data"][1, 10, 20]


def test_gradients_are_those_of_the_library(world, visit):
    visit.click('[data-key="gradients"]')
    assert visit.shown == "#?show=loss"
    target = world.told["images"][0]["targets"][0]
    assert visit.number("#controls data") == pytest.approx(target["value"], rel=1e-7)
    visit.go("#score_pool3/1,2/0?show=loss")
    held = world.told["blobs"]["0/gradient/loss/score_pool3"]
    step = held["scale"]
    shown = visit.number("#view section.layer > p data")
    assert abs(shown / step - round(shown / step)) < 1e-6
    assert visit.page.locator(".maps figure").count() == held["shape"][0]


def test_a_pixels_gradients_are_offered_where_there_are_some(world, visit):
    visit.go(f"#score/{PIXEL[0]},{PIXEL[1]}?show=loss")
    visit.click('[data-key="nearest"]')
    assert "show=p" in visit.shown


def test_the_pixels_of_which_gradients_are_held_can_be_chosen(world, visit):
    assert not visit.page.locator(".spot").count()
    visit.go("#?show=loss")
    held = {one["id"]: one["pixel"] for one in world.told["images"][0]["targets"] if one["pixel"]}
    frame = visit.page.locator('[data-key="picture"] img').bounding_box()
    height, width = world.values["score"].shape[1:]
    for (row, column), spot in zip(held.values(), visit.page.locator(".spot").all(), strict=True):
        box = spot.bounding_box()
        middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        expected = [
            frame["x"] + (column + 0.5) / width * frame["width"],
            frame["y"] + (row + 0.5) / height * frame["height"],
        ]
        np.testing.assert_allclose(middle, expected, atol=0.1)
    name, (row, column) = list(held.items())[-1]
    spot = f'[data-key="spot-{row}-{column}"]'
    visit.page.eval_on_selector(spot, "one => one.click()")  # another may lie over its middle
    visit.arrive(f"#?show={name.replace(',', '%2C')}")
    assert visit.page.get_attribute(spot, "aria-current") == "true"


def test_the_legend_has_what_occurs_and_the_others_on_demand(world, visit):
    names = world.opened.model.class_names
    occurring = {*world.values["score"].argmax(axis=0).flat, *drawn().truth.flat} - {255}
    assert occurring < set(range(len(names)))
    first, others = visit.page.locator(".legend").all()
    shown = [one.text_content().strip() for one in first.locator("li").all()]
    assert shown == [names[place] for place in sorted(occurring)]
    assert not others.is_visible()
    visit.page.click("#pictures summary")
    assert others.locator("li").count() == len(names) - len(occurring)
    visit.click('[data-key="as-truth"]')
    assert visit.page.locator(".legend").last.is_visible()  # it stays open
    visit.page.click("#pictures summary")


def test_the_training_can_be_run_through(world, visit):
    visit.page.focus('[data-key="time"]')
    visit.page.keyboard.press("ArrowLeft")
    visit.arrive("#?at=t0")
    assert "FCN-8s, 10 updates" in visit.page.inner_text("#view")
    assert visit.page.evaluate("document.activeElement.dataset.key") == "time"


@pytest.mark.parametrize("place", [0, 1])
def test_the_papers_comparisons_can_be_chosen(world, visit, place):
    variant = world.told["images"][0]["variants"][place]
    visit.click(f'[data-key="as-{variant["answer"]}"]')
    assert variant["note"][:20] in visit.page.inner_text(".remark")
    src = visit.page.get_attribute('[data-key="picture"] img', "src")
    assert src == variant["picture"]
    visit.click('[data-key="undo"]')
    assert visit.shown == "#"


def test_back_and_forward_lead_through_what_was_shown(visit):
    visit.go("#conv3_3/1,2")
    visit.go("#pool3/0,1/2")
    visit.page.go_back()
    visit.arrive("#conv3_3/1,2")
    visit.page.go_forward()
    visit.arrive("#pool3/0,1/2")


def test_a_link_opens_a_place_of_another_picture(world, visit):
    visit.open("#1:conv3_3/1,2/0")
    values = stage_values(
        world.opened.model.net,
        world.opened.stages,
        net_data(world.opened.model, drawn(number=1).image),
    )
    assert np.float32(visit.number(".made .library, .made .value")) == values["conv3_3"][0, 1, 2]
    assert "conv3_3" in visit.page.title()


@pytest.mark.parametrize(
    "address", ["#nowhere", "#conv3_3/999,999", "#9:conv1_1", "#%", "#score/1"]
)
def test_an_address_that_leads_nowhere_shows_something(shared, address):
    shared.page.goto("about:blank")
    shared.page.goto(f"{shared._file.as_uri()}{address}")
    shared.page.wait_for_selector("body[data-shown] #view h2")


def test_from_a_wrong_pixel_to_the_layer_by_the_keyboard_alone(world, visit):
    wrong = world.told["images"][0]["wrong"]
    visit.page.keyboard.press("n")
    visit.arrive(f"#score/{wrong[0][0]},{wrong[0][1]}")
    assert "Wrong: in truth it is" in visit.page.inner_text("#view")
    visit.page.keyboard.press("n")
    visit.arrive(f"#score/{wrong[1][0]},{wrong[1][1]}")
    for _ in range(60):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate("document.activeElement.dataset.key") == "culprit":
            break
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("table.votes")
    assert "against=" in visit.shown
    visit.page.keyboard.press("b")
    visit.page.wait_for_selector("section.layer h2:has-text('the largest of 2 × 2')")
    visit.page.keyboard.press("o")
    visit.page.wait_for_selector(".overview")


def test_arrow_keys_move_the_place(visit):
    visit.go("#conv2_1/3,4/0")
    visit.page.focus('[data-key="map-0"]')
    visit.page.keyboard.press("ArrowRight")
    visit.arrive("#conv2_1/3,5/0")
    visit.page.keyboard.press("Shift+ArrowDown")
    visit.arrive("#conv2_1/11,5/0")
    visit.page.go_back()  # moving leaves no trail
    visit.arrive("#")


def test_numbers_have_three_digits_and_are_exact_on_demand(world, visit):
    visit.go(f"#score/{PIXEL[0]},{PIXEL[1]}")
    shown = visit.page.locator("td.own data").first
    score = float(world.values["score"][:, PIXEL[0], PIXEL[1]].max())
    assert float(shown.inner_text().replace("−", "-")) == pytest.approx(score, rel=5e-3)
    assert np.float32(shown.get_attribute("title")) == np.float32(score)
    shown.click()
    assert shown.inner_text() == shown.get_attribute("title")
    visit.page.keyboard.press("e")
    assert visit.texts("td.total data") == [
        one.get_attribute("value") for one in visit.page.locator("td.total data").all()
    ]
    visit.page.keyboard.press("e")


ADDRESSES = ["#", "#score/21,34", "#conv3_3/1,2/0", "#fc6/0,0", "#upscore8/20,20/1", "#?show=loss"]


def test_a_phone_shows_it_without_scrolling_sideways(world):
    phone = Visit(world.browser, world.file, viewport=PHONE, has_touch=True)
    for address in ADDRESSES:
        phone.open(address)
        assert phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], (
            address
        )
        table = phone.page.locator(".scroll:has(.sums)")
        assert not table.count() or table.evaluate("it => it.scrollWidth === it.clientWidth")
    longer = "document.querySelector('option').textContent = 'the loss '.repeat(20)"
    phone.page.evaluate(longer)
    assert phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert not phone.complaints


def test_it_is_dark_where_the_reader_wants_it_dark(world):
    colours = set()
    for scheme in ("light", "dark"):
        window = Visit(world.browser, world.file, color_scheme=scheme)
        window.open("#conv3_3/1,2/0")
        colours.add(window.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        canvas = "document.querySelector('.maps canvas').toDataURL()"
        colours.add(window.page.evaluate(canvas))
    assert len(colours) == 4


def test_everything_that_is_drawn_has_words(visit):
    for address in ADDRESSES:
        visit.go(address)
        assert not visit.page.evaluate(
            """[...document.querySelectorAll('img, [role=img], [role=application], canvas.tile')]
            .filter((one) => !one.hasAttribute('alt') && !one.getAttribute('aria-label')).length"""
        )


def test_a_view_takes_a_second_and_a_click_a_tenth(world):
    window = Visit(world.browser, world.file, viewport={"width": 1280, "height": 800})
    before = window.work()
    window.open()
    assert window.work() - before < 1
    answers = []
    for step in range(6):
        before = window.work()
        window.go(f"#score/{10 + step},{20 + step}")
        answers.append(window.work() - before)
    assert np.median(answers) < 0.1
