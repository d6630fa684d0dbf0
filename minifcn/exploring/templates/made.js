/** How the value at a place was made: which view tells it for which kind of layer. */

import { convolutionMade } from "./convolution.js";
import { make } from "./element.js";
import { copiedFrom, inputMade, pooledFrom, summed } from "./joining.js";
import { feeders } from "./net.js";
import { number } from "./numbers.js";
import { placeLink } from "./places.js";
import { upsamplingMade } from "./upsampling.js";
import { valueAt } from "./values.js";

const VIEWS = {
  conv: convolutionMade, deconv: upsamplingMade, maxpool: pooledFrom, crop: copiedFrom,
  concat: copiedFrom, sum: summed, input: inputMade,
};

/**
 * Return how the value of a map at a place was made.
 * @param {import("./address.js").Choice} choice with a place and a map
 * @param {import("./net.js").Stage} stage
 * @param {import("./values.js").Maps} values
 * @returns {Promise<Element>}
 */
export async function howItWasMade(choice, stage, values) {
  const value = valueAt(values, choice.map, choice.row, choice.column);
  const view = VIEWS[stage.kind] ?? otherwiseMade;
  return make(
    "section.made", { "aria-labelledby": "h-made", "data-value": value },
    make("h3", { id: "h-made" }, "How ", number(value, ".value"), " came about"),
    make("p.note", {}, `Map ${choice.map} at row ${choice.row}, column ${choice.column}`
      + `${values.exact ? "" : " (values of this picture are rounded: ≈)"}.`),
    await view(choice, stage, value),
  );
}

function otherwiseMade(choice, stage) {
  const before = feeders(stage)[0];
  return make("p", {}, "It was computed from ", placeLink(before, choice.row, choice.column, choice.map), ".");
}
