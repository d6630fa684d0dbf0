/** Links to places, and small grids of the numbers around them. */

import { cellStyle } from "./colours.js";
import { make } from "./element.js";
import { number } from "./numbers.js";
import { addressOf } from "./router.js";

/** Return a link to a place of a layer. */
export function placeLink(
  stage,
  row,
  column,
  map = null,
  text = `${stage.name} at ${row}, ${column}`,
) {
  const href = addressOf({ layer: stage.name, row, column, map, against: null });
  return make("a", { href, "data-key": `to-${stage.name}-${row}-${column}-${map}` }, text);
}

/**
 * Return numbers as a grid of coloured cells.
 * @param {ArrayLike<number>} values row by row
 * @param {number} width
 * @param {number} largest the size that has the full colour
 * @param {string} label
 * @param {function(number): string|null} [kindOf] the class of a cell, from its place in `values`
 */
export function grid(values, width, largest, label, kindOf = () => null) {
  const rows = [];
  for (let first = 0; first < values.length; first += width) {
    rows.push(
      make(
        "tr",
        {},
        Array.from(values.slice(first, first + width), (value, place) =>
          make(
            "td",
            { style: cellStyle(value, largest), class: kindOf(first + place) },
            number(value),
          ),
        ),
      ),
    );
  }
  return make(
    width > 3 ? "table.grid.many" : "table.grid",
    { "aria-label": label },
    make("tbody", {}, rows),
  );
}

/** Return pages of a list, with buttons to turn them; `draw` makes a page of the items on it. */
export function paged(items, size, draw, words) {
  const pages = Math.max(1, Math.ceil(items.length / size));
  const holder = make("div");
  const counter = make("span", { "aria-live": "polite" });
  let open = 0;
  const show = (page) => {
    open = (page + pages) % pages;
    const end = Math.min(items.length, (open + 1) * size);
    counter.textContent = `${words}: ${open * size + 1} to ${end} of ${items.length}`;
    holder.replaceChildren(draw(items.slice(open * size, end)));
  };
  show(0);
  if (pages === 1) return holder;
  const button = (text, step) =>
    make("button", { type: "button", onclick: () => show(open + step) }, text);
  return make(
    "div",
    {},
    make("p.row.note", {}, button("‹ before", -1), counter, button("next ›", 1)),
    holder,
  );
}

/** Return a number of an equation, with what it is below it. */
export function term(value, kind, ...words) {
  return make("span.term", {}, number(value, kind && `.${kind}`), make("small", {}, words));
}

/**
 * Return a table, in a frame that scrolls where the screen is narrow.
 * @param {string} kind its class
 * @param {string[]} heads of the columns
 * @param {Array[]} rows of cells
 * @param {number} [words] how many columns hold words; the others hold numbers
 */
export function table(kind, heads, rows, words = 1) {
  const cell = (name, content, place, attributes) =>
    make(place < words ? name : `${name}.number`, attributes, content);
  const head = heads.map((text, place) => cell("th", text, place, { scope: "col" }));
  const body = rows.map((cells) =>
    make(
      "tr",
      {},
      cells.map((content, place) => cell("td", content, place, {})),
    ),
  );
  const whole = make(
    `table.${kind}`,
    {},
    make("thead", {}, make("tr", {}, head)),
    make("tbody", {}, body),
  );
  return make("div.scroll", {}, whole);
}
