/** A picture, a feature map or a map of classes, with places marked, that can be clicked. */

import { colourOf, largestSize, readColour } from "./colours.js";
import { make } from "./element.js";
import { net } from "./net.js";

/**
 * @typedef {Object} Mark
 * @property {number} row of the first pixel; a fraction is none of the map's own pixels
 * @property {number} column
 * @property {number} height in pixels
 * @property {number} width
 * @property {string} kind a class of the style sheet: "here", "field", "window" ...
 */

/**
 * A pixel that leads elsewhere.
 * @typedef {{row: number, column: number, href: string, label: string, chosen: boolean}} Spot
 */

/**
 * Return a drawing of pixels.
 * @param {Object} what
 * @param {number} what.rows
 * @param {number} what.columns
 * @param {string} what.label alternative text
 * @param {function(Uint8ClampedArray): void} [what.paint] fill in red, green, blue, alpha of all
 * @param {string} [what.source] address of an image, in place of `paint`
 * @param {Mark[]} [what.marks]
 * @param {function(number, number, boolean): void} [what.pick] called with the row and the column
 *     that are clicked, or with true where the arrow keys lead
 * @param {number[]} [what.at] the row and column from where the arrow keys lead
 * @param {Spot[]} [what.spots]
 * @param {string} [what.key] by which the focus finds it again once it is drawn anew
 * @returns {Element}
 */
export function plot({ rows, columns, label, paint, source, marks = [], pick, at, spots = [], key }) {
  const canvas = source
    ? make("img", { src: source, alt: "", draggable: "false" })
    : make("canvas", { width: columns, height: rows, "aria-hidden": "true" });
  if (!source) paintCanvas(canvas, paint);
  const over = make(
    "svg",
    { viewBox: `0 0 ${columns} ${rows}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    marks.map((mark) => [
      drawMark(mark),
      mark.kind === "here" && rows > 12 ? ring(mark, rows) : null,
    ]),
  );
  const words = { role: "img", "aria-label": label, style: `--ratio: ${columns} / ${rows}` };
  if (!pick) return make("div.plot", words, canvas, over);

  const place = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [
      within(Math.floor(((clientY - box.top) / box.height) * rows), rows),
      within(Math.floor(((clientX - box.left) / box.width) * columns), columns),
    ];
  };
  return make(
    "div.plot.pick",
    {
      ...words,
      role: "application",
      tabindex: 0,
      "data-key": key,
      "aria-roledescription": "map; arrow keys move",
      onclick: (event) => pick(...place(event), false),
      onkeydown: (event) => {
        const step = STEPS[event.key];
        if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const far = event.shiftKey ? 8 : 1;
        const [row, column] = at ?? [Math.floor(rows / 2), Math.floor(columns / 2)];
        pick(within(row + far * step[0], rows), within(column + far * step[1], columns), true);
      },
    },
    canvas,
    over,
    spots.map((spot) => drawSpot(spot, rows, columns)),
  );
}

/** Return a link on a pixel, large enough for a finger. */
function drawSpot({ row, column, href, label, chosen }, rows, columns) {
  const [left, top] = [(100 * (column + 0.5)) / columns, (100 * (row + 0.5)) / rows];
  return make("a.spot", {
    href,
    title: label,
    "aria-label": label,
    "aria-current": chosen ? "true" : null,
    "data-key": `spot-${row}-${column}`,
    style: `left: ${left}%; top: ${top}%`,
    onclick: (event) => event.stopPropagation(), // it is no choice of the pixel
  });
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Return the nearest place that a map of some size has. */
function within(place, size) {
  return Math.max(0, Math.min(size - 1, place));
}

function paintCanvas(canvas, paint) {
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  pixels.data.fill(255);
  paint(pixels.data);
  context.putImageData(pixels, 0, 0);
}

/** Return a circle around a place that would be overlooked by itself. */
function ring({ row, column, height, width }, rows) {
  const r = Math.max(height, rows * 0.045);
  return make("circle.mark.ring", { cx: column + width / 2, cy: row + height / 2, r });
}

/** Return a mark as a rectangle of an SVG. */
export function drawMark({ row, column, height, width, kind }) {
  return make(`rect.mark.${kind}`, { x: column, y: row, width, height });
}

/**
 * Return what paints a map of numbers.
 * @param {ArrayLike<number>} values row by row
 * @param {number} [largest] the size that has the full colour
 */
export function paintNumbers(values, largest = largestSize(values)) {
  return (pixels) => {
    for (let i = 0; i < values.length; i++) setPixel(pixels, i, colourOf(values[i], largest));
  };
}

/**
 * Return what paints a map of classes.
 * @param {ArrayLike<number>} classes 255 where there is none
 */
export function paintClasses(classes) {
  const colours = net.classes.map(({ colour }) => readColour(colour));
  return (pixels) => {
    for (let i = 0; i < classes.length; i++) setPixel(pixels, i, colours[classes[i]] ?? NO_CLASS);
  };
}

const NO_CLASS = [224, 224, 224];

function setPixel(pixels, place, [red, green, blue]) {
  pixels[4 * place] = red;
  pixels[4 * place + 1] = green;
  pixels[4 * place + 2] = blue;
}
