/** Layers that choose, copy or add: pooling, crops, concatenations, sums; and the picture. */

import { largestSize } from "./colours.js";
import { make } from "./element.js";
import { feeders, net } from "./net.js";
import { number } from "./numbers.js";
import { grid, placeLink, term } from "./places.js";
import { partOf, valueAt, valuesOf, winner } from "./values.js";

/** Return the window of a max pooling, and who won. */
export async function pooledFrom({ image, row, column, map }, stage) {
  const [before] = feeders(stage);
  const values = await valuesOf(before, image);
  const best = winner(stage, values, map, row, column);
  const [top, left] = [row * stage.step[0] - stage.pad[0], column * stage.step[1] - stage.pad[1]];
  const [bottom, right] = [
    Math.min(values.height, top + stage.kernel[0]),
    Math.min(values.width, left + stage.kernel[1]),
  ];
  const [first, start] = [Math.max(0, top), Math.max(0, left)];
  const window = [];
  for (let y = first; y < bottom; y++) {
    for (let x = start; x < right; x++) window.push(valueAt(values, map, y, x));
  }
  const width = right - start;
  const won = (best.row - first) * width + best.column - start;
  return make(
    "div",
    {},
    make(
      "div.term-row",
      {},
      make(
        "figure",
        {},
        grid(window, width, largestSize(window), "the window", (i) =>
          i === won ? "winner" : null,
        ),
        make("figcaption", {}, "window"),
      ),
      make("span.sign", {}, "max"),
      number(best.value, ".library"),
    ),
    make(
      "p",
      {},
      "The winner is ",
      placeLink(before, best.row, best.column, map),
      "; on the way back the whole gradient goes there, and the others get none.",
    ),
  );
}

/** Return where a crop or a concatenation has its value from. */
export async function copiedFrom({ image, row, column, map }, stage, value) {
  const inputs = feeders(stage);
  if (stage.kind === "concat") {
    const [part, own] = partOf(stage, map);
    return make(
      "p",
      {},
      "Copied from ",
      placeLink(inputs[part], row, column, own),
      `, map ${own} there.`,
    );
  }
  const [down, right] = stage.offset;
  const [from, across] = [row + down, column + right];
  const same = valueAt(await valuesOf(inputs[0], image), map, from, across);
  return make(
    "div",
    {},
    make(
      "p",
      {},
      "Copied from ",
      placeLink(inputs[0], from, across, map),
      ": ",
      number(same, ".sum"),
      " = ",
      number(value, ".library"),
      `. The crop begins at row ${down}, column ${right}: `,
      `${row} + ${down} = ${from}, ${column} + ${right} = ${across}.`,
    ),
    make("p.note", {}, `Why there: ${stage.why}.`),
  );
}

/** Return what was added up. */
export async function summed({ image, row, column, map }, stage, value) {
  const inputs = feeders(stage);
  const values = await Promise.all(inputs.map((one) => valuesOf(one, image)));
  const given = values.map((maps) => valueAt(maps, map, row, column));
  const factors = stage.coefficients ?? given.map(() => 1);
  const sum = given.reduce((all, one, place) => all + factors[place] * one, 0);
  const terms = inputs.map((one, place) => [
    place ? " + " : "",
    factors[place] === 1 ? "" : `${factors[place]} × `,
    term(given[place], "partial", placeLink(one, row, column, map)),
  ]);
  return make("p.equation", {}, [
    terms,
    " = ",
    term(sum, "sum", "sum"),
    " = ",
    term(value, "library", "the library's value"),
  ]);
}

/** Return how a pixel of the picture was prepared. */
export function inputMade({ map }, stage, value) {
  const { order, mean, scale } = net.preprocess;
  const factor = scale[map] ?? scale;
  const name = { R: "Red", G: "Green", B: "Blue" }[order[map]] ?? `Channel ${map}`;
  return make(
    "p",
    {},
    `${name} of the pixel is `,
    number(value / factor + mean[map]),
    ", from which the mean of the training images, ",
    number(mean[map]),
    ", is subtracted",
    factor === 1 ? "" : [", and what is left multiplied by ", number(factor)],
    ": ",
    number(value, ".library"),
    ".",
  );
}
