/** The picture and the answer: what the net was given, what it says, and where that is wrong. */

import { blob } from "./blobs.js";
import { make } from "./element.js";
import {
  boxAt,
  fieldOf,
  input,
  markOf,
  net,
  NO_TRUTH,
  output,
  sizeInWords,
  stageOf,
} from "./net.js";
import { number, percent } from "./numbers.js";
import { paintClasses, plot } from "./plot.js";
import { addressOf, chosen, go } from "./router.js";
import { answerOf, imageOf, targetOf, variantOf } from "./shown.js";

/**
 * Return the picture, with what the chosen place sees, and the answer.
 * @param {import("./address.js").Choice} choice
 * @returns {Promise<Element>}
 */
export async function pictures(choice) {
  const [truth, { shown, labels }] = [await truthOf(choice), await shownLabels(choice)];
  return make(
    "div.pictures",
    {},
    pictureFigure(choice, imageOf(choice)),
    answerFigure(choice, shown, labels, truth),
  );
}

/** Return the class of each pixel in truth, or null if it is not known. */
async function truthOf(choice) {
  return imageOf(choice).truth ? (await blob(`${choice.image}/truth`)).data : null;
}

/** Return the answer that is chosen, or the truth in its place, and the class of each pixel. */
async function shownLabels(choice) {
  const truth = choice.as === "truth" ? await truthOf(choice) : null;
  if (truth) return { shown: { id: "truth", label: "the truth" }, labels: truth };
  const shown = answerOf(choice);
  return { shown, labels: (await blob(`${choice.image}/answer/${shown.id}`)).data };
}

function pictureFigure(choice, image) {
  const { height, width, name } = image;
  const stage = stageOf(choice.layer);
  const marks = [];
  let caption = "The picture";
  let words = `The picture ${name}.`;
  if (stage && choice.row !== null) {
    const box = fieldOf(stage, choice.row, choice.column, choice.image);
    if (box) marks.push(markOf(box, "field"));
    const sees = ` sees ${sizeInWords(box)} from here`;
    caption = [make("b", {}, stage.name), sees];
    words += ` Row ${choice.row}, column ${choice.column} of ${stage.name}${sees}.`;
    if (stage === output) marks.push(markOf(boxAt(choice.row, choice.column), "here"));
  }
  const picture = plot({
    rows: height,
    columns: width,
    label: words,
    marks,
    key: "picture",
    pick: openPixel,
    at: stage === output ? [choice.row, choice.column] : null,
    spots: spotsOf(choice),
    source: variantOf(choice)?.picture ?? image.picture,
  });
  return make("figure", {}, make("figcaption", {}, caption), picture);
}

/** Return the pixels of which the page holds gradients, while gradients are shown. */
function spotsOf(choice) {
  const target = targetOf(choice);
  if (!target) return [];
  const asked = choice.layer === output.name && choice.row !== null; // why a pixel is what it is
  return imageOf(choice)
    .targets.filter(({ pixel }) => pixel)
    .map((one) => {
      const [row, column] = one.pixel;
      const href = addressOf({ ...(asked ? { row, column } : {}), show: one.id, at: "", as: "" });
      return { row, column, href, label: `Gradients of ${one.label}`, chosen: one === target };
    });
}

function answerFigure(choice, shown, labels, truth) {
  const { height, width } = imageOf(choice);
  const wrong =
    truth && labels !== truth
      ? labels.map((label, i) => truth[i] !== NO_TRUTH && label !== truth[i])
      : null;
  const count = wrong?.reduce((sum, one) => sum + one, 0);
  const at =
    stageOf(choice.layer) === output && choice.row !== null ? [choice.row, choice.column] : null;
  const label =
    `The answer of ${shown.label}, a class for each of ${height} × ${width} pixels` +
    `${wrong ? `; ${count} of them wrong, outlined` : ""}. Choose a pixel to ask why.`;
  const answer = plot({
    rows: height,
    columns: width,
    label,
    paint: paintClasses(labels),
    pick: openPixel,
    at,
    key: "answer",
    marks: at ? [markOf(boxAt(...at), "here")] : [],
  });
  if (wrong)
    answer
      .querySelector("svg")
      .prepend(
        make("path.wrong.under", { d: outline(wrong, height, width) }),
        make("path.wrong", { d: outline(wrong, height, width) }),
      );
  return make(
    "figure",
    {},
    make("figcaption.ask", {}, "The answer: choose a pixel to ask why"),
    answer,
    answerChips(choice, shown, truth),
    figures(shown, count),
  );
}

function openPixel(row, column, step) {
  go(
    { layer: output.name, row, column, map: null, against: null },
    step && chosen().layer === output.name,
  );
}

// What the paper's comparisons are called on a button; their titles say more.
const SHORT = {
  masked: "masked",
  shifted: "moved",
  coarse: "coarse 32s",
  stitched: "stitched 32s",
};

/** Return buttons for the answers: of this net and others, to altered pictures; the truth. */
function answerChips(choice, shown, truth) {
  const { answers } = imageOf(choice);
  const offered = answers.filter(
    ({ id, kind }) => id === shown.id || !["time", "branches"].includes(kind),
  );
  const chip = (id, text, label, change) =>
    make(
      "button",
      {
        type: "button",
        title: label,
        "aria-pressed": String(id === shown.id),
        "data-key": `as-${id}`,
        onclick: () => go(change),
      },
      text,
    );
  const chips = offered.map(({ id, label, kind }) => {
    const change = kind === "time" ? {} : { as: id === answers[0].id ? "" : id, at: "" };
    return chip(id, SHORT[kind] ?? label.replace(", the net itself", ""), label, change);
  });
  if (truth) chips.push(chip("truth", "the truth", "the truth", { as: "truth", at: "" }));
  return make("div.chips", { role: "group", "aria-label": "answer of" }, chips);
}

function figures({ accuracy, mean_iu: meanIu }, wrong) {
  if (typeof accuracy !== "number") return null;
  return make(
    "p.note",
    {},
    number(accuracy, "", percent),
    " of pixels right, ",
    String(wrong),
    " wrong; mean IU ",
    number(meanIu, "", percent),
  );
}

/** Return the outline of pixels as a path. */
function outline(marked, height, width) {
  const at = (row, column) =>
    Boolean(
      row >= 0 && column >= 0 && row < height && column < width && marked[row * width + column],
    );
  const parts = [];
  for (let row = 0; row <= height; row++) {
    for (let column = 0; column <= width; column++) {
      if (at(row, column) !== at(row - 1, column)) parts.push(`M${column} ${row}h1`);
      if (at(row, column) !== at(row, column - 1)) parts.push(`M${column} ${row}v1`);
    }
  }
  return parts.join("");
}

/** Return the wrong pixels that are worth a look, the surest mistake first. */
export function wrongPixels(choice) {
  return imageOf(choice).wrong ?? [];
}

/** Open the next of the wrong pixels. */
export function nextWrong() {
  const choice = chosen();
  const all = wrongPixels(choice);
  if (!all.length) return;
  const now = all.findIndex(([row, column]) => row === choice.row && column === choice.column);
  const [row, column] = all[(now + 1) % all.length];
  go({ layer: output.name, row, column, map: null, against: null });
}

let othersOpen = false; // in the legend, though all is drawn anew for each choice

/**
 * Return the names and colours of the classes: those that occur in the answer that is shown or in
 * the truth, and the others behind a word.
 * @param {import("./address.js").Choice} choice
 * @returns {Promise<Element>}
 */
export async function legend(choice) {
  const occurring = new Set([...(await shownLabels(choice)).labels, ...((await truthOf(choice)) ?? [])]);
  const [first, others] = [true, false].map((wanted) =>
    net.classes.filter((_, place) => occurring.has(place) === wanted),
  );
  const list = (classes) =>
    make(
      "ul.legend",
      {},
      classes.map((one) => make("li", {}, swatch(one), " ", one.name)),
    );
  const remember = ({ target }) => {
    othersOpen = target.open;
  };
  return make(
    "div",
    {},
    list(first),
    others.length
      ? make(
          "details.note",
          { open: othersOpen, ontoggle: remember },
          make("summary", { "data-key": "others" }, `Show all: ${others.length} classes that are not here`),
          list(others),
        )
      : null,
  );
}

/** Return a small square of a class's colour. */
export function swatch({ colour }) {
  return make(
    "svg.swatch",
    { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    make("rect", { x: 0.5, y: 0.5, width: 11, height: 11, fill: colour }),
  );
}
