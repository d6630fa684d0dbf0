/** A convolution as what it is: a window times a kernel, added up, and the bias. */

import { largestSize } from "./colours.js";
import { asColumn } from "./column.js";
import { againstRival, pointwise } from "./pointwise.js";
import { make } from "./element.js";
import { feeders, scoring } from "./net.js";
import { number, short } from "./numbers.js";
import { grid, paged, placeLink, term } from "./places.js";
import { parametersOf, valueAt, valuesOf } from "./values.js";

let form = "dot"; // or "column"

/**
 * @typedef {Object} Term what one input map gives
 * @property {number} channel
 * @property {Float64Array} window
 * @property {ArrayLike<number>} kernel
 * @property {Float64Array} products
 * @property {number} sum of the products
 */

/** Return how a value of a convolution was made. */
export async function convolutionMade(choice, stage, value) {
  const made = await termsOf(choice, stage, choice.map);
  if (!made) return make("p", {}, "The page holds no kernel of this map: the net is large.");
  const one = stage.kernel[0] * stage.kernel[1] === 1;
  if (compares(choice, stage)) {
    return againstRival(choice, stage, made, await termsOf(choice, stage, choice.against));
  }
  return make(
    "div",
    {},
    total(stage, made, value),
    one ? pointwise(choice, stage, made) : forms(choice, stage, made),
  );
}

/** Whether two classes are compared, by what predicts them. */
export function compares(choice, stage) {
  return choice.against !== null && stage.kind === "conv" && scoring.has(stage);
}

/**
 * Return the terms of a convolution's sum, the largest first.
 * @returns {Promise<{terms: Term[], bias: number, before: Stage, top: number, left: number,
 *     size: number[], complete: boolean}|null>}
 */
async function termsOf({ image, row, column }, stage, map) {
  const parameters = await parametersOf(stage, map);
  if (!parameters) return null;
  const [before] = feeders(stage);
  const maps = await valuesOf(before, image);
  const [height, width] = stage.kernel;
  const [dilation, across] = stage.dilation ?? [1, 1];
  const [top, left] = [row * stage.step[0] - stage.pad[0], column * stage.step[1] - stage.pad[1]];
  const terms = channelsOf(stage, map).map((channel, place) => {
    const kernel = Float64Array.from(
      parameters.kernel.subarray(place * height * width, (place + 1) * height * width),
      (weight) => weight * parameters.scale,
    );
    const window = kernel.map((_, i) =>
      valueAt(maps, channel, top + dilation * Math.floor(i / width), left + across * (i % width)),
    );
    const products = window.map((x, i) => x * kernel[i]);
    return { channel, window, kernel, products, sum: products.reduce((sum, one) => sum + one, 0) };
  });
  terms.sort((one, other) => Math.abs(other.sum) - Math.abs(one.sum));
  const complete = stage.columns.length === before.shape[0];
  return {
    terms,
    bias: parameters.bias,
    before,
    top,
    left,
    size: [maps.height, maps.width],
    complete,
    exact: parameters.exact && maps.exact,
  };
}

/** Return which input maps a map is made from; with groups only those of its own. */
function channelsOf(stage, map) {
  const groups = stage.groups ?? 1;
  const own = stage.columns.length / groups;
  const group = Math.floor((map * groups) / stage.shape[0]);
  return stage.columns.slice(group * own, (group + 1) * own);
}

/** Return the line that adds up, and the library's value beside it. */
function total(stage, { terms, bias, complete, exact }, value) {
  const sum = terms.reduce((all, { sum: part }) => all + part, 0);
  const count = terms.length * stage.kernel[0] * stage.kernel[1];
  const products = [exact ? "" : "≈ ", term(sum, "sum", `${count.toLocaleString("en")} products`)];
  const line = [products, " + ", term(bias, "bias", "bias")];
  const raw = sum + bias;
  if (complete) {
    line.push(" = ", term(raw, "raw", stage.relu ? "before the ReLU" : "sum"));
    const cut = raw < 0 ? "below zero, so 0" : "max(0, sum)";
    if (stage.relu) line.push(" → ", term(Math.max(0, raw), "rectified", cut));
    line.push(" = ");
  } else {
    // What is not held follows from the value, unless the ReLU has cut that off.
    const known = value > 0 || !stage.relu;
    line.push(
      " + ",
      known ? term(value - raw, "", "other maps, not held here") : "what other maps give",
    );
    line.push(known ? " = " : " → ");
  }
  const off = Math.abs((stage.relu ? Math.max(0, raw) : raw) - value);
  const title = complete
    ? `The page adds in double precision, the library in single: they differ by ${short(off)}`
    : null;
  line.push(term(value, "library", make("span", { title }, "the library's value")));
  return make("p.equation", {}, line);
}

function forms(choice, stage, made) {
  const holder = make("div");
  const button = (name, text) =>
    make(
      "button",
      {
        type: "button",
        "aria-pressed": String(form === name),
        "data-key": `form-${name}`,
        onclick: () => {
          form = name;
          show();
        },
      },
      text,
    );
  const show = () => {
    const focused = document.activeElement?.dataset.key;
    holder.replaceChildren(
      make(
        "p.row",
        { role: "group", "aria-label": "form" },
        button("dot", "as windows and kernels"),
        button("column", "as a column of im2col"),
      ),
      form === "dot" ? asWindows(choice, stage, made) : asColumn(choice, stage, made),
    );
    if (focused?.startsWith("form-")) holder.querySelector(`[data-key="${focused}"]`).focus();
  };
  show();
  return holder;
}

function asWindows(choice, stage, { terms, before, top, left, size }) {
  const width = stage.kernel[1];
  const [most, weight, product] = ["window", "kernel", "products"].map((part) =>
    largestSize(terms.map((term) => largestSize(term[part]))),
  );
  const outside = (i) => {
    const [row, column] = [top + Math.floor(i / width), left + (i % width)];
    return row < 0 || column < 0 || row >= size[0] || column >= size[1] ? "pad" : null;
  };
  const [row, column] = [
    Math.max(0, Math.min(size[0] - 1, top + Math.floor(stage.kernel[0] / 2))),
    Math.max(0, Math.min(size[1] - 1, left + Math.floor(width / 2))),
  ];
  const draw = (some) =>
    make(
      "div",
      {},
      some.map((term) =>
        make(
          "div.term-row",
          { "data-channel": term.channel },
          make(
            "h4",
            {},
            placeLink(before, row, column, term.channel, `${before.name}, map ${term.channel}`),
          ),
          make(
            "figure",
            {},
            grid(term.window, width, most, "the window", outside),
            make("figcaption", {}, "window"),
          ),
          make("span.sign", {}, "×"),
          make(
            "figure",
            {},
            grid(term.kernel, width, weight, "the kernel"),
            make("figcaption", {}, "kernel"),
          ),
          make("span.sign", {}, "="),
          make(
            "figure",
            {},
            grid(term.products, width, product, "the products"),
            make("figcaption", {}, "products"),
          ),
          make("span.sign", {}, "Σ"),
          number(term.sum, ".partial"),
        ),
      ),
    );
  return paged(terms, width > 3 ? 1 : 3, draw, "Input maps that give the most");
}
