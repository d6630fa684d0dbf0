/** A deconvolution: the stamps that overlap at a place, and their sum. */

import { blob } from "./blobs.js";
import { colourOf, largestSize } from "./colours.js";
import { make } from "./element.js";
import { feeders } from "./net.js";
import { number } from "./numbers.js";
import { paged, placeLink, table, term } from "./places.js";
import { stampsAt } from "./stamps.js";
import { valueAt, valuesOf } from "./values.js";

const HEADINGS = ["stamped by", "weight's place", "value", "× weight", "= product"];

/** Return how a value of a deconvolution was made. */
export async function upsamplingMade({ image, row, column, map }, stage, value) {
  const [before] = feeders(stage);
  const values = await valuesOf(before, image);
  const { height, width } = values;
  const stamps = stampsAt(stage, row, column, [height, width]);
  const weightOf = await weights(stage, map);
  const channels = stage.bilinear ? [map] : values.channels;
  const given = channels.flatMap((channel) =>
    stamps.map((stamp) => {
      const [x, weight] = [
        valueAt(values, channel, stamp.row, stamp.column),
        weightOf(channel, stamp),
      ];
      return { ...stamp, channel, x, weight, product: x * weight, at: `${stamp.y}, ${stamp.x}` };
    }),
  );
  const sum = given.reduce((all, { product }) => all + product, 0);
  const rows = (some) =>
    some.map(({ row: i, column: j, channel, at, x, weight, product }) => [
      placeLink(before, i, j, channel),
      at,
      number(x),
      number(weight),
      number(product, ".partial"),
    ]);
  const draw = (some) => table("stamps", HEADINGS, rows(some), 2);
  const count = `${given.length} stamp${given.length === 1 ? "" : "s"}`;
  return make(
    "div",
    {},
    make(
      "p.equation",
      {},
      term(sum, "sum", count),
      " = ",
      term(value, "library", "the library's value"),
    ),
    make(
      "p.note",
      {},
      `Each place of ${before.name} stamps the kernel of ${stage.kernel.join(" × ")}, times its `,
      `value, every ${stage.step[0]} places. These reach row ${row}, column ${column}:`,
    ),
    make(
      "div.columns",
      {},
      stampsDrawn(stage, stamps, given, row, column),
      paged(given, 8, draw, "Stamps"),
    ),
  );
}

/** Return what looks up a weight: of one kernel for all maps, or of that from a map to another. */
async function weights(stage, map) {
  const { data, shape } = await blob(`weight/${stage.name}`);
  const [height, width] = stage.kernel;
  return (channel, { y, x }) => {
    const kernel = stage.bilinear ? 0 : channel * shape[1] + map;
    return data[(kernel * height + y) * width + x];
  };
}

/** Return the stamps as overlapping squares, in the colour of what each gives. */
function stampsDrawn({ kernel: [height, width] }, stamps, given, row, column) {
  const largest = largestSize(given.map(({ product }) => product));
  const squares = stamps.map(({ y, x }, place) => {
    const fill = `fill: rgb(${colourOf(given[place].product, largest).join(" ")})`;
    return make("rect.stamp", { x: column - x, y: row - y, width, height, style: fill });
  });
  const [ys, xs] = [stamps.map(({ y }) => y), stamps.map(({ x }) => x)];
  const [top, left] = [row - Math.max(...ys), column - Math.max(...xs)];
  const [down, across] = [
    row + height - Math.min(...ys) - top,
    column + width - Math.min(...xs) - left,
  ];
  const words = `${stamps.length} squares of ${height} × ${width} that overlap at the place`;
  const viewBox = `${left - 0.5} ${top - 0.5} ${across + 1} ${down + 1}`;
  const here = make("rect.mark.here", { x: column, y: row, width: 1, height: 1 });
  return make(
    "figure.stamps",
    {},
    make("svg", { viewBox, role: "img", "aria-label": words }, squares, here),
    make("figcaption", {}, "The stamps and the place"),
  );
}
