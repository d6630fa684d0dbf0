/** How the value at a place was made: which view tells it for which kind of layer. */

import { compares, convolutionMade } from "./convolution.js";
import { make } from "./element.js";
import { copiedFrom, inputMade, pooledFrom, summed } from "./joining.js";
import { feeders } from "./net.js";
import { number } from "./numbers.js";
import { placeLink } from "./places.js";
import { upsamplingMade } from "./upsampling.js";
import { valueAt } from "./values.js";
import { mapName } from "./words.js";

const VIEWS = {
  conv: convolutionMade,
  deconv: upsamplingMade,
  maxpool: pooledFrom,
  crop: copiedFrom,
  concat: copiedFrom,
  sum: summed,
  input: inputMade,
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
  const name = mapName(stage, choice.map);
  return make(
    "section.made",
    { "aria-labelledby": "h-made", "data-value": value },
    make(
      "h3",
      { id: "h-made" },
      compares(choice, stage)
        ? `Why ${name} is ahead of ${mapName(stage, choice.against)} here`
        : ["How ", number(value, ".value"), " came about"],
    ),
    make(
      "p.note",
      {},
      `${name[0].toUpperCase()}${name.slice(1)} at row ${choice.row}, column ${choice.column}` +
        `${values.exact ? "" : " (values of this picture are rounded: ≈)"}.`,
    ),
    await view(choice, stage, value),
  );
}

function otherwiseMade(choice, stage) {
  const before = feeders(stage)[0];
  return make(
    "p",
    {},
    "It was computed from ",
    placeLink(before, choice.row, choice.column, choice.map),
    ".",
  );
}
