/** The net as a graph of stages, and where each of their places looks. */

import { describeBlobs } from "./blobs.js";

/**
 * A convolution with the ReLU behind it, a pooling, a sum ...: what is one tile of the page. All
 * it holds is written in docs/explore.md.
 * @typedef {Object} Stage
 */

/**
 * Rows and columns from the first to the last, both of them counted in.
 * @typedef {{top: number, bottom: number, left: number, right: number}} Box
 */

/** What the page says of the net: classes, images, stages ... */
export const net = JSON.parse(document.getElementById("net").textContent);
describeBlobs(net.blobs);

/** What stands in a truth where there is none. */
export const NO_TRUTH = 255;

const byName = new Map();
for (const stage of net.stages) {
  for (const name of [stage.name, ...stage.nodes]) byName.set(name, stage);
}

/** Return the stage of a layer's name, or undefined. */
export function stageOf(name) {
  return byName.get(name);
}

/** The stage whose places are the pixels of the answer, and that of the picture. */
export const output = stageOf(net.output);
export const input = net.stages.find((stage) => stage.kind === "input");

/** Return the stages that a stage is made from; a crop takes only its size from its second. */
export function feeders(stage) {
  const read = stage.kind === "crop" ? stage.inputs.slice(0, 1) : stage.inputs;
  return read.map(stageOf);
}

/** Return the stages that read a stage. */
export function readers(stage) {
  return net.stages.filter((other) => feeders(other).includes(stage));
}

/** Return the names of all stages that a stage depends on, its own among them. */
export function feeds(stage) {
  const found = new Set([stage.name]);
  for (const name of found) feeders(stageOf(name)).forEach((one) => found.add(one.name));
  return found;
}

/** The stages that give each class a score: all from the 1 x 1 predictions to the answer. */
export const scoring = (function find(stage, found = new Set()) {
  found.add(stage);
  if (["crop", "deconv", "sum"].includes(stage.kind))
    feeders(stage).forEach((one) => find(one, found));
  return found;
})(output);

/** Return height and width of a stage's maps for an image. */
export function sizeOf(stage, image) {
  return stage.sizes?.[image] ?? stage.shape.slice(1);
}

/** Return the one place as a box. */
export function boxAt(row, column) {
  return { top: row, bottom: row, left: column, right: column };
}

/**
 * Return what a box of a stage's places is computed from, in each of its inputs; not yet cut at
 * the border.
 * @param {Stage} stage
 * @param {Box} box
 * @returns {Box}
 */
export function seen(stage, box) {
  const [top, bottom] = span(stage, 0, box.top, box.bottom);
  const [left, right] = span(stage, 1, box.left, box.right);
  return { top, bottom, left, right };
}

function span(stage, axis, first, last) {
  if (stage.kind === "crop") return [first + stage.offset[axis], last + stage.offset[axis]];
  if (!stage.kernel) return [first, last];
  const [step, pad] = [stage.step[axis], stage.pad[axis]];
  const reach = (stage.dilation?.[axis] ?? 1) * (stage.kernel[axis] - 1);
  if (stage.kind === "deconv") {
    return [Math.ceil((first + pad - reach) / step), Math.floor((last + pad) / step)];
  }
  return [first * step - pad, last * step - pad + reach];
}

/** Return the part of a box that lies on a map. */
export function clip(box, [height, width]) {
  return {
    top: Math.max(0, box.top),
    bottom: Math.min(height - 1, box.bottom),
    left: Math.max(0, box.left),
    right: Math.min(width - 1, box.right),
  };
}

/**
 * Return what a place depends on, in each stage before it.
 * @param {Stage} stage
 * @param {number} row
 * @param {number} column
 * @param {number} image
 * @returns {Map<string, Box>} boxes by the stages' names; what lies beyond a border is cut off
 */
export function lookBack(stage, row, column, image) {
  const boxes = new Map([[stage.name, boxAt(row, column)]]);
  for (const one of [...net.stages].reverse()) {
    const box = boxes.get(one.name);
    if (!box || isEmpty(box)) continue; // padding alone is computed from nothing
    for (const before of feeders(one)) {
      const part = clip(seen(one, box), sizeOf(before, image));
      boxes.set(before.name, join(boxes.get(before.name), part));
    }
  }
  return boxes;
}

/** Return whether a box holds no place. */
export function isEmpty({ top, bottom, left, right }) {
  return top > bottom || left > right;
}

function join(one, other) {
  if (!one || isEmpty(one)) return other;
  if (isEmpty(other)) return one;
  return {
    top: Math.min(one.top, other.top),
    bottom: Math.max(one.bottom, other.bottom),
    left: Math.min(one.left, other.left),
    right: Math.max(one.right, other.right),
  };
}

/**
 * Return over which places of the stages before it a place lies.
 * @param {Stage} stage
 * @param {number} row
 * @param {number} column
 * @param {number} image
 * @returns {Map<string, number[]>} row and column by the stages' names: of the places that are
 *     nearest to the middle, or at the border
 */
export function centresBack(stage, row, column, image) {
  const centres = new Map([[stage.name, [row, column]]]); // fractions of places
  for (const one of [...net.stages].reverse()) {
    const centre = centres.get(one.name);
    if (!centre) continue;
    for (const { name } of feeders(one)) {
      if (!centres.has(name))
        centres.set(
          name,
          centre.map((place, axis) => under(one, axis, place)),
        );
    }
  }
  for (const [name, centre] of centres) {
    const size = sizeOf(stageOf(name), image);
    const places = centre.map((place, axis) =>
      Math.max(0, Math.min(size[axis] - 1, Math.round(place))),
    );
    centres.set(name, places);
  }
  return centres;
}

/** Return the middle of what a place of a stage is made from, along an axis. */
function under(stage, axis, place) {
  if (stage.kind === "crop") return place + stage.offset[axis];
  if (!stage.kernel) return place;
  const shift = ((stage.dilation?.[axis] ?? 1) * (stage.kernel[axis] - 1)) / 2 - stage.pad[axis];
  const step = stage.step[axis];
  return stage.kind === "deconv" ? (place - shift) / step : place * step + shift;
}

/** Return a box as a mark of a plot. */
export function markOf(box, kind) {
  const [height, width] = [box.bottom - box.top + 1, box.right - box.left + 1];
  return { row: box.top, column: box.left, height, width, kind };
}

/** Return which part of the picture a place sees, or null if it sees its padding alone. */
export function fieldOf(stage, row, column, image) {
  const box = lookBack(stage, row, column, image).get(input.name);
  return box && !isEmpty(box) ? box : null;
}

/** Return how many pixels of the picture a box covers, in words. */
export function sizeInWords(box) {
  return box ? `${box.bottom - box.top + 1} × ${box.right - box.left + 1} pixels` : "no pixel";
}
