/**
 * Where the stages stand in the overview, as in the paper's Figure 3: the backbone from left to
 * right, a column for each of its strides, or in a deep net for each of its blocks; below it a row
 * for each skip, from the layer that it is taken from to the sum, and at the end the scores.
 */

import { feeders, input, net, output, readers, scoring } from "./net.js";

const DEEP = 8; // stages of one stride that still fit into a column

/**
 * @typedef {Object} Cell
 * @property {number} row from 0
 * @property {number} column from 0
 * @property {import("./net.js").Stage[]} stages from top to bottom
 */

/** Return the cells of the overview, in the order in which the net is run. */
export function cellsOfOverview() {
  const places = placesOfStages();
  const cells = new Map();
  for (const stage of net.stages) {
    const [row, column] = places.get(stage);
    const key = `${row},${column}`;
    if (!cells.has(key)) cells.set(key, { row, column, stages: [] });
    cells.get(key).stages.push(stage);
  }
  return [...cells.values()];
}

function placesOfStages() {
  const places = new Map();
  const columns = [];
  for (const stage of net.stages) {
    const row = rowOf(stage);
    if (row > 0) places.set(stage, [row, columnBelow(stage, row, places)]);
    else {
      const key = columnKey(stage);
      if (!columns.includes(key)) columns.push(key);
      places.set(stage, [0, columns.indexOf(key)]);
    }
  }
  return places;
}

/** Return what the stages of a column of the backbone have in common. */
function columnKey(stage) {
  if (stage === input || scoring.has(stage)) return stage.name;
  const { stride } = feeders(stage)[0];
  const many = net.stages.filter(
    (one) => one !== input && feeders(one)[0].stride === stride,
  ).length;
  return many > DEEP ? stage.block : stride;
}

/** Return the row of a stage: what is upsampled stands in the row where it is added. */
function rowOf(stage) {
  const moves = scoring.has(stage) && ["deconv", "crop"].includes(stage.kind);
  const [next] = moves ? readers(stage) : [];
  return next ? rowOf(next) : stage.lane;
}

/** Return the column of a stage below the backbone: right of what it is made from in its row. */
function columnBelow(stage, row, places) {
  return Math.max(
    ...feeders(stage).map((before) => {
      const [other, column] = places.get(before);
      const beside = other === row && (stage.kind !== "crop" || stage === output);
      return beside ? column + 1 : column;
    }),
  );
}
