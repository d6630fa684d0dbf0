/** Why a pixel of the answer became what it is. */

import { blob } from "./blobs.js";
import { cellStyle, largestSize } from "./colours.js";
import { make } from "./element.js";
import { net, NO_TRUTH, output } from "./net.js";
import { number, percent } from "./numbers.js";
import { nextWrong, swatch, wrongPixels } from "./pictures.js";
import { addressOf } from "./router.js";
import { imageOf } from "./shown.js";
import { greatest, scoresWithout, sharesOf, softmax } from "./shares.js";
import { walk } from "./walk.js";

const SHOWN_AT_MOST = 8; // classes, of which nets for photographs have many

/**
 * Return the answer to "why this class?".
 * @param {import("./address.js").Choice} choice of a pixel
 * @returns {Promise<Element>}
 */
export async function whyPixel(choice) {
  const { row, column, image } = choice;
  const { scores, parts } = await sharesOf(image, row, column);
  const truth = imageOf(choice).truth
    ? (await blob(`${image}/truth`)).data[row * imageOf(choice).width + column]
    : NO_TRUTH;
  const said = greatest(scores);
  const rival = rivalOf(scores, said, truth);
  const order = scores.map((_, place) => place).sort((one, other) => scores[other] - scores[one]);
  const classes = order.filter((place, rank) => rank < SHOWN_AT_MOST || place === truth);
  return make(
    "section.why",
    { "aria-labelledby": "h-why" },
    make("h2", { id: "h-why" }, `Why is this pixel “${net.classes[said].name}”?`),
    verdict(choice, said, truth),
    parts.length > 1 ? culprit(parts, said, rival, truth) : null,
    scoreTable(scores, parts, classes, said, rival, truth),
    parts.length > 1 ? without(choice, parts, said, truth) : null,
    await walk(choice, output),
  );
}

/** Return with which class the one that was said is compared: the true one, or the next best. */
function rivalOf(scores, said, truth) {
  if (truth !== said && truth !== NO_TRUTH) return truth;
  return greatest(scores.map((score, place) => (place === said ? -Infinity : score)));
}

function classNamed(place) {
  return [swatch(net.classes[place]), " ", net.classes[place].name];
}

function verdict({ row, column, image }, said, truth) {
  const wrong = wrongPixels({ image }).length;
  const words =
    truth === NO_TRUTH
      ? make(
          "span",
          {},
          imageOf({ image }).truth ? "The truth leaves it open." : "Its truth is not known.",
        )
      : truth === said
        ? make("b.right", {}, "Right: ", "so is the truth.")
        : make("b.wrong", {}, "Wrong: in truth it is ", classNamed(truth), ".");
  return make(
    "p.row",
    {},
    make("span", {}, `Row ${row}, column ${column}.`),
    words,
    wrong
      ? make(
          "button",
          { type: "button", onclick: nextWrong, "data-key": "next-inside" },
          "Next wrong pixel",
        )
      : null,
  );
}

/** Return which of the predictions pushed most towards the class that was said. */
function culprit(parts, said, rival, truth) {
  const push = (part) => part.shares[said] - part.shares[rival];
  const most = parts.reduce((best, part) => (push(part) > push(best) ? part : best));
  const href = addressOf({
    layer: most.stage.name,
    row: most.row,
    column: most.column,
    map: said,
    against: rival,
  });
  const wrong = truth !== NO_TRUTH && truth !== said;
  return make(
    "p.culprit",
    {},
    wrong ? "It went wrong most at " : "It was decided most at ",
    make("b", {}, most.label),
    ": there ",
    classNamed(said),
    " is ahead of ",
    classNamed(rival),
    " by ",
    number(push(most)),
    ". ",
    make("a.go", { href, "data-key": "culprit" }, `See what ${most.stage.name} saw →`),
  );
}

function kindOf(place, said, truth) {
  if (place === truth) return "true";
  return place === said && truth !== NO_TRUTH ? "false" : null;
}

/** Return the table of what came down from each stride, that it adds up, and what follows. */
function scoreTable(scores, parts, classes, said, rival, truth) {
  const probabilities = softmax(scores);
  const largest = largestSize(parts.flatMap(({ shares }) => classes.map((place) => shares[place])));
  const total = (place) => parts.reduce((sum, { shares }) => sum + shares[place], 0);
  const rows = classes.map((place) =>
    make(
      "tr",
      { class: kindOf(place, said, truth), "data-class": place },
      make(
        "th",
        { scope: "row" },
        classNamed(place),
        place === truth ? make("small", {}, " (truth)") : null,
      ),
      parts.map(({ shares }) => coloured(shares[place], largest)),
      parts.length ? make("td.number.total", {}, number(total(place))) : null,
      make("td.number.own", {}, number(scores[place])),
      make("td.number.probability", {}, number(probabilities[place], "", percent)),
      make("td.bar", {}, make("span", { style: `width: ${100 * probabilities[place]}%` })),
    ),
  );
  const head = [
    parts.map((part, place) => partHead(part, place, said, rival)),
    parts.length ? make("th.number", { scope: "col" }, "= sum") : null,
    make(
      "th.number",
      { scope: "col", title: "as the library computed it, in single precision" },
      "score",
    ),
    make("th.number", { scope: "col", colspan: 2 }, "→ proba\u00adbility"),
  ];
  return make(
    "div",
    {},
    make("h3", {}, "Where its scores came from"),
    make(
      "div.scroll",
      {},
      make(
        "table.sums",
        {},
        make("thead", {}, make("tr", {}, make("td"), head)),
        make("tbody", {}, rows),
        parts.length ? make("tfoot", {}, marginRow(scores, parts, said, rival, total)) : null,
      ),
    ),
    make(
      "p.note",
      {},
      "Sums are of double precision; the net's own scores were rounded on their way.",
    ),
  );
}

function coloured(value, largest) {
  return make("td.number", { style: cellStyle(value, largest) }, number(value));
}

function partHead(part, place, said, rival) {
  const { stage, row, column, label } = part;
  const href = addressOf({ layer: stage.name, row, column, map: said, against: rival });
  return make(
    "th.number",
    { scope: "col" },
    place ? "+ " : "",
    make(
      "a",
      {
        href,
        "data-key": `part-${place}`,
        title: `${stage.name} at row ${row}, column ${column}`,
      },
      label,
    ),
  );
}

/** Return by how much the class that was said is ahead, in each part and in all. */
function marginRow(scores, parts, said, rival, total) {
  const margins = parts.map(({ shares }) => shares[said] - shares[rival]);
  return make(
    "tr.margin",
    {},
    make("th", { scope: "row" }, classNamed(said), " ahead of ", classNamed(rival)),
    margins.map((value) => coloured(value, largestSize(margins))),
    make("td.number.total", {}, number(total(said) - total(rival))),
    make("td.number", {}, number(scores[said] - scores[rival])),
    make("td", { colspan: 2 }),
  );
}

/** Return what the pixel, and the whole answer, would be without each of the predictions. */
function without(choice, parts, said, truth) {
  const cards = parts.map((part) => {
    const other = greatest(scoresWithout(parts, part));
    const left = parts.map((_, place) => place).filter((place) => parts[place] !== part);
    const answer = imageOf(choice).answers.find(
      (one) => one.kind === "branches" && String(one.parts) === String(left),
    );
    const shown = ["without ", part.label];
    return make(
      "li",
      {},
      answer
        ? make(
            "a",
            { href: addressOf({ as: answer.id }), "data-key": `without-${part.stage.name}` },
            shown,
          )
        : shown,
      ": ",
      make("b", { class: kindOf(other, said, truth) }, classNamed(other)),
      other === said ? " still" : truth === other ? ", which is right" : " instead",
    );
  });
  return make(
    "div",
    {},
    make("h3", {}, "If one of them had kept silent"),
    make("ul.without", {}, cards),
  );
}
