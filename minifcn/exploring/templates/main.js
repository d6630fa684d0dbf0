/** The page: what is chosen is read from the address, and shown. */

import { forgetColours } from "./colours.js";
import { controls, remark } from "./controls.js";
import { fill, make } from "./element.js";
import { keyList, keysWork } from "./keyboard.js";
import { layerView } from "./layer.js";
import { net, output, sizeOf, stageOf } from "./net.js";
import { numbersAnswerClicks } from "./numbers.js";
import { overview } from "./overview.js";
import { legend, nextWrong, pictures, wrongPixels } from "./pictures.js";
import { whyPixel } from "./pixel.js";
import { addressOf, follow, go } from "./router.js";
import { valuesOf } from "./values.js";

const part = (id) => document.getElementById(id);
let round = 0;
let shownBefore = null;

async function show(choice) {
  const own = ++round;
  if (!isThere(choice)) return go(nearest(choice), true);
  const stage = stageOf(choice.layer);
  const [left, classes, right] = await Promise.all([
    pictures(choice),
    legend(choice),
    view(choice, stage),
  ]);
  if (own !== round) return undefined; // something else was chosen meanwhile
  fill(part("controls"), controls(choice));
  fill(part("pictures"), left, nextButton(choice), classes);
  fill(part("view"), way(stage), remark(choice), right);
  document.title = [stage?.name, part("title").textContent].filter(Boolean).join(" – ");
  if (shownBefore !== null && shownBefore !== choice.layer) toTheView();
  shownBefore = choice.layer;
  document.body.dataset.shown = location.hash || "#";
  return undefined;
}

function view(choice, stage) {
  if (!stage) return overview(choice);
  return stage === output && choice.row !== null ? whyPixel(choice) : layerView(choice, stage);
}

/** Return whether there is what an address, perhaps of another page, asks for. */
function isThere({ image, layer, row, column, map }) {
  const stage = stageOf(layer);
  if (!net.images[image] || !stage) return Boolean(net.images[image]) && layer === "";
  const [height, width] = sizeOf(stage, image);
  return row < height && column < width && (map === null || stage.maps.includes(map));
}

/** Return what comes nearest to a choice that is not there. */
function nearest({ image, layer }) {
  return {
    image: net.images[image] ? image : 0,
    layer: stageOf(layer) ? layer : "",
    row: null,
    column: null,
    map: null,
    against: null,
  };
}

/** Return what leads to the next wrong pixel; null if there is none. */
function nextButton(choice) {
  if (!wrongPixels(choice).length) return null;
  return make(
    "p.row",
    {},
    make(
      "button.main",
      { type: "button", onclick: nextWrong, "data-key": "next" },
      "Next wrong pixel",
    ),
    make("span.note", {}, "or press n"),
  );
}

/** Return the way from the whole net to what is shown. */
function way(stage) {
  if (!stage) return null;
  const whole = addressOf({ layer: "", row: null, column: null, map: null, against: null });
  return make(
    "nav.way",
    { "aria-label": "Way" },
    make("a", { href: whole, "data-key": "whole" }, "← The net"),
  );
}

/** Bring what is new into sight. */
function toTheView() {
  const top = part("view").getBoundingClientRect().top;
  if (top < 0 || top > innerHeight / 2) part("view").scrollIntoView();
}

/** Unpack what may be asked for next, while nothing else is to be done. */
async function prepareAll() {
  for (const stage of net.stages) {
    await new Promise((ready) => (window.requestIdleCallback ?? setTimeout)(ready));
    await valuesOf(stage, 0);
  }
}

follow(show);
keysWork();
numbersAnswerClicks();
fill(part("keys"), keyList());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  forgetColours();
  dispatchEvent(new HashChangeEvent("hashchange"));
});
addEventListener("load", prepareAll);
