/** The way back from a place to the picture: layer by layer what it was made from, and saw. */

import { make } from "./element.js";
import {
  centresBack,
  feeders,
  fieldOf,
  isEmpty,
  lookBack,
  markOf,
  net,
  readers,
  sizeInWords,
  sizeOf,
} from "./net.js";
import { addressOf } from "./router.js";
import { breakable } from "./words.js";
import { drawMark } from "./plot.js";
import { imageOf } from "./shown.js";

const LONG = 40; // layers

/**
 * Return the layers that a place depends on, the last one first; each with a place of its own in
 * the middle of what matters, and with what that place sees drawn on the picture.
 * @param {import("./address.js").Choice} choice
 * @param {import("./net.js").Stage} stage
 * @returns {Element}
 */
export function walk(choice, stage) {
  const { image, row, column } = choice;
  const boxes = lookBack(stage, row, column, image);
  const centres = centresBack(stage, row, column, image);
  const found = [...net.stages]
    .reverse()
    .filter(
      (one) =>
        one !== stage &&
        one.kind !== "crop" &&
        boxes.has(one.name) &&
        !isEmpty(boxes.get(one.name)),
    );
  // Of a long way the last layer of each block is enough.
  const steps = found
    .filter((one, place) => found.length < LONG || one.block !== found[place - 1]?.block)
    .map((one) =>
      walkStep(one, boxes.get(one.name), centres.get(one.name), imageOf(choice), image),
    );
  if (!steps.length) return null;
  return make(
    "div.walk",
    { style: `--picture: url("${imageOf(choice).picture}")` },
    make("h3", {}, "Walk back to the picture"),
    make(
      "p.note",
      {},
      "What this was computed from, the last layer first, and which part of the picture the ",
      "place in the middle sees.",
    ),
    make("ol", {}, steps),
  );
}

function walkStep(stage, box, [row, column], { height, width }, image) {
  const field = fieldOf(stage, row, column, image);
  const several = box.top !== box.bottom || box.left !== box.right;
  const href = addressOf({ layer: stage.name, row, column, map: null, against: null });
  const words =
    `${stage.name}, row ${row}, column ${column}: sees ${sizeInWords(field)}` +
    `${several ? `; ${count(box)} of its places take part` : ""}`;
  return make(
    "li",
    {},
    make(
      "a",
      { href, "data-key": `walk-${stage.name}`, "aria-label": words, title: words },
      make(
        "svg",
        { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
        field && drawMark(markOf(field, "field")),
      ),
      make("span.name", {}, breakable(stage.name)),
      make("span.shape", {}, `${row}, ${column}`),
    ),
  );
}

function count({ top, bottom, left, right }) {
  return `${bottom - top + 1} × ${right - left + 1}`;
}

/** Return the choice of the layer before, or null at the picture. */
export function placeBefore(choice, stage) {
  const [one] = feeders(stage);
  if (!one) return null;
  const centres = centresBack(stage, choice.row, choice.column, choice.image);
  const [row, column] = centres.get(one.name);
  return { layer: one.name, row, column, map: null, against: null };
}

/** Return the choice of a layer after, or null at the answer. */
export function placeAfter(choice, stage) {
  const one = readers(stage).at(-1);
  if (!one) return null;
  const [height, width] = sizeOf(one, choice.image);
  const [own, across] = sizeOf(stage, choice.image);
  const row = Math.min(height - 1, Math.floor(((choice.row + 0.5) * height) / own));
  const column = Math.min(width - 1, Math.floor(((choice.column + 0.5) * width) / across));
  return { layer: one.name, row, column, map: null, against: null };
}
