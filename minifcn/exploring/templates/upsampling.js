/** A deconvolution: the stamps that overlap at a place, and their sum. */

import { cellStyle, largestSize } from "./colours.js";
import { blob } from "./blobs.js";
import { make } from "./element.js";
import { feeders } from "./net.js";
import { number } from "./numbers.js";
import { paged, placeLink } from "./places.js";
import { stampsAt } from "./stamps.js";
import { valueAt, valuesOf } from "./values.js";

/** Return how a value of a deconvolution was made. */
export async function upsamplingMade({ image, row, column, map }, stage, value) {
  const [before] = feeders(stage);
  const values = await valuesOf(before, image);
  const { data, shape } = await blob(`weight/${stage.name}`);
  const [height, width] = stage.kernel;
  // Bilinear weights are one kernel for each map by itself; learned ones are for each pair of maps.
  const kernelOf = (channel) => (stage.bilinear
    ? data : data.subarray((channel * shape[1] + map) * height * width, (channel * shape[1] + map + 1) * height * width));
  const stamps = stampsAt(stage, row, column, [values.height, values.width]);
  const terms = (stage.bilinear ? [map] : values.channels).flatMap((channel) => stamps.map((stamp) => {
    const [given, weight] = [valueAt(values, channel, stamp.row, stamp.column), kernelOf(channel)[stamp.y * width + stamp.x]];
    return { ...stamp, channel, given, weight, product: given * weight };
  }));
  const sum = terms.reduce((all, { product }) => all + product, 0);
  const draw = (some) => make("div.scroll", {}, make("table.stamps", {},
    make("thead", {}, make("tr", {}, ["stamped by", "value", "× weight", "= product", "weight's place"].map((head, place) =>
      make(place && place < 4 ? "th.number" : "th", { scope: "col" }, head)))),
    make("tbody", {}, some.map((term) => make("tr", {},
      make("td", {}, placeLink(before, term.row, term.column, term.channel)),
      make("td.number", {}, number(term.given)), make("td.number", {}, number(term.weight)),
      make("td.number", {}, number(term.product, ".partial")), make("td", {}, `${term.y}, ${term.x}`))))));
  return make("div", {},
    make("p.equation", {},
      make("span.term", {}, number(sum, ".sum"), make("small", {}, `${terms.length} stamp${terms.length === 1 ? "" : "s"}`)), " = ",
      make("span.term", {}, number(value, ".library"), make("small", {}, "the library's value"))),
    make("p.note", {}, `Each place of ${before.name} stamps the kernel of ${height} × ${width}, times its value, every ${stage.step[0]} places. These reach row ${row}, column ${column}:`),
    make("div.columns", {}, stampsDrawn(stage, stamps, terms, row, column), paged(terms, 8, draw, "Stamps")));
}

/** Return the stamps as overlapping squares, in the colour of what each gives. */
function stampsDrawn(stage, stamps, terms, row, column) {
  const [height, width] = stage.kernel;
  const largest = largestSize(terms.map(({ product }) => product));
  const squares = stamps.map(({ y, x }, place) => make("rect", {
    x: column - x, y: row - y, width, height,
    style: `fill: ${cellStyle(terms[place].product, largest).match(/rgb\([^)]*\)/)[0]}; fill-opacity: .45`, class: "stamp",
  }));
  const top = row - Math.max(...stamps.map(({ y }) => y));
  const left = column - Math.max(...stamps.map(({ x }) => x));
  const [down, right] = [row + height - Math.min(...stamps.map(({ y }) => y)), column + width - Math.min(...stamps.map(({ x }) => x))];
  return make("figure.stamps", {},
    make("svg", { viewBox: `${left - 0.5} ${top - 0.5} ${right - left + 1} ${down - top + 1}`, role: "img",
      "aria-label": `${stamps.length} overlapping squares of ${height} × ${width}; the place lies in all of them` },
    squares, make("rect.mark.here", { x: column, y: row, width: 1, height: 1 })),
    make("figcaption", {}, "The stamps and the place"));
}
