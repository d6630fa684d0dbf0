/** The window of a convolution as im2col lays it out: a column, times the kernel as a row. */

import { make } from "./element.js";
import { number } from "./numbers.js";
import { paged, table } from "./places.js";

const HEADS = [
  "entry",
  "map, row, column of the window",
  "column",
  "× weight",
  "= product",
  "sum so far",
];

/**
 * Return the column beside the kernel's row, with the sum as it grows.
 * @param {import("./address.js").Choice} choice
 * @param {import("./net.js").Stage} stage
 * @param {{terms: import("./convolution.js").Term[], bias: number}} made
 */
export function asColumn({ row, column }, stage, { terms, bias }) {
  const [height, width] = stage.kernel;
  const across = stage.shape[2];
  const entries = entriesOf(terms, width);
  const rows = (some) =>
    some.map(({ place, channel, y, x, value, weight, product, sum }) => [
      String(place),
      `${channel}, ${y}, ${x}`,
      ...[value, weight, product, sum].map((one) => number(one)),
    ]);
  const draw = (some) => table("column", HEADS, rows(some), 2);
  return make(
    "div",
    {},
    make(
      "p.note",
      {},
      `im2col writes each window as a column of ${entries.length} numbers. This one is column `,
      `${row} × ${across} + ${column} = ${row * across + column}; the kernel is a row, and their `,
      "product, plus the bias ",
      number(bias),
      ", the value. For all places at once it is one product of matrices.",
    ),
    paged(entries, 2 * height * width, draw, "Entries"),
  );
}

/** Return the entries in the order of im2col: by map, row and column of the window. */
function entriesOf(terms, width) {
  const inOrder = [...terms].sort((one, other) => one.channel - other.channel);
  const entries = [];
  let sum = 0;
  for (const { channel, window, kernel, products } of inOrder) {
    window.forEach((value, i) => {
      sum += products[i];
      const at = { place: entries.length, channel, y: Math.floor(i / width), x: i % width };
      entries.push({ ...at, value, weight: kernel[i], product: products[i], sum });
    });
  }
  return entries;
}
