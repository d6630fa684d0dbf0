/** The net as a graph of tiles; a tile shows the maps of a stage, and leads to them. */

import { make } from "./element.js";
import { cellsOfOverview } from "./layout.js";
import { feeders, feeds, net, output, stageOf } from "./net.js";
import { addressOf } from "./router.js";
import { tile } from "./tile.js";
import { breakable, pixels } from "./words.js";

/**
 * Return the graph.
 * @param {import("./address.js").Choice} choice
 * @returns {Element}
 */
export function overview(choice) {
  const wires = make("svg.wires", { "aria-hidden": "true" });
  const graph = make(
    "div.graph",
    {},
    wires,
    cellsOfOverview().map(({ row, column, stages }) =>
      make(
        "div.cell",
        { style: `grid-area: ${row + 1} / ${column + 1}`, "data-row": row },
        stages.map((stage) => node(stage, choice)),
      ),
    ),
  );
  const mark = ({ target }) => highlight(graph, target.closest?.("[data-stage]")?.dataset.stage);
  for (const event of ["pointerover", "focusin"]) graph.addEventListener(event, mark);
  for (const event of ["pointerleave", "focusout"]) {
    graph.addEventListener(event, () => highlight(graph, null));
  }
  new ResizeObserver(() => drawWires(graph, wires)).observe(graph);
  return make(
    "section.overview",
    { "aria-labelledby": "h-net" },
    make("h2", { id: "h-net" }, "The net"),
    make(
      "p.note",
      {},
      "From the picture on the left to the scores on the right; below, the skips. " +
        "Point at a tile to see what feeds it, open it to walk in.",
    ),
    make("div.scroll", {}, graph),
  );
}

function node(stage, choice) {
  const small = stage.kind === "crop" && stage !== output;
  const href = addressOf({ layer: stage.name, row: null, column: null, map: null, against: null });
  return make(
    small ? "div.node.small" : "div.node",
    { "data-stage": stage.name },
    make(
      "a",
      { href, "data-key": `node-${stage.name}`, title: inWords(stage) },
      small ? null : tile(stage, choice),
      make("span.name", {}, breakable(stage.name)),
      make("span.shape", {}, small ? `crop ${stage.offset.join(", ")}` : stage.shape.join("×")),
    ),
  );
}

/** Return what a stage is, in a line. */
export function inWords({ name, shape: [channels, height, width], stride, field }) {
  return (
    `${name}: ${channels} maps of ${height} × ${width}, a place every ${pixels(stride)}, ` +
    `which sees ${field} × ${field} of the picture`
  );
}

/** Mark what a stage is made from, and the wires between; nothing without a stage. */
function highlight(graph, name) {
  const feeding = name ? feeds(stageOf(name)) : new Set();
  graph.classList.toggle("pointing", Boolean(name));
  for (const one of graph.querySelectorAll("[data-stage]")) {
    one.classList.toggle("fed", feeding.has(one.dataset.stage));
    one.classList.toggle("at", one.dataset.stage === name);
  }
  for (const wire of graph.querySelectorAll(".wires path")) {
    wire.classList.toggle("fed", feeding.has(wire.dataset.to));
  }
}

/** Draw a line from each tile to those that read it. */
function drawWires(graph, wires) {
  const frame = graph.getBoundingClientRect();
  const boxes = new Map();
  for (const one of graph.querySelectorAll("[data-stage]")) {
    boxes.set(one.dataset.stage, one.querySelector("a").getBoundingClientRect());
  }
  wires.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  const paths = net.stages.flatMap((stage) =>
    feeders(stage).map((before) => {
      const [from, to] = [boxes.get(before.name), boxes.get(stage.name)];
      return make("path", { d: wire(from, to, frame), "data-to": stage.name });
    }),
  );
  wires.replaceChildren(...paths);
}

function wire(from, to, frame) {
  const middle = (box) => (box.left + box.right) / 2 - frame.left;
  if (to.top >= from.bottom && Math.abs(middle(to) - middle(from)) < from.width) {
    return `M${middle(from)} ${from.bottom - frame.top}L${middle(to)} ${to.top - frame.top}`;
  }
  const bottom = Math.max(from.bottom, to.bottom) + 7 - frame.top;
  if (to.left - from.right > from.width) {
    // below what stands between
    const start = from.right - frame.left;
    const [y, end] = [from.top + 32 - frame.top, to.bottom - frame.top];
    return `M${start} ${y}h5V${bottom}H${middle(to)}V${end}`;
  }
  const [x, y] = [from.right - frame.left, from.top + 32 - frame.top];
  const [u, v] = [to.left - frame.left, to.top + Math.min(32, to.height / 2) - frame.top];
  const bend = Math.max(8, Math.abs(u - x) / 2);
  return `M${x} ${y}C${x + bend} ${y} ${u - bend} ${v} ${u} ${v}`;
}
