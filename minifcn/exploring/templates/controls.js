/** What the tiles show: which picture, values or gradients, and when in the training. */

import { make } from "./element.js";
import { net, output } from "./net.js";
import { number } from "./numbers.js";
import { addressOf, go } from "./router.js";
import { answerOf, imageOf, momentOf, targetOf, variantOf } from "./shown.js";

/** Return the row of controls. */
export function controls(choice) {
  return make(
    "div.controls",
    {},
    net.images.length > 1 ? imageButtons(choice) : null,
    showMenu(choice),
    net.moments.length ? timeSlider(choice) : null,
  );
}

function imageButtons(choice) {
  return make(
    "div.row",
    { role: "group", "aria-label": "picture" },
    net.images.map((image, place) =>
      make(
        "button.thumb",
        {
          type: "button",
          "aria-pressed": String(place === choice.image),
          "data-key": `image-${place}`,
          title: image.name,
          onclick: () =>
            go({
              image: place,
              layer: choice.layer === output.name ? "" : choice.layer,
              row: null,
              column: null,
              map: null,
              show: "",
              as: "",
            }),
        },
        make("img", {
          src: image.picture,
          alt: `picture ${place + 1}: ${image.name}`,
          width: 40,
          height: 40,
        }),
      ),
    ),
  );
}

/** Return the switch between values and gradients. */
function showMenu(choice) {
  const { targets } = imageOf(choice);
  if (!targets.length) return null;
  const change = ({ target }) => go({ show: target.value, at: "", as: "" });
  const pressed = Boolean(targetOf(choice));
  return make(
    "div.row",
    { role: "group", "aria-label": "values or gradients" },
    make(
      "button",
      {
        type: "button",
        "aria-pressed": String(!pressed),
        "data-key": "values",
        onclick: () => go({ show: "" }),
      },
      "Values",
    ),
    make(
      "button",
      {
        type: "button",
        "aria-pressed": String(pressed),
        "data-key": "gradients",
        onclick: () => go({ show: targets[0].id, at: "", as: "" }),
      },
      "Gradients",
    ),
    pressed
      ? make(
          "label",
          {},
          "of ",
          make(
            "select",
            { onchange: change, "data-key": "target" },
            targets.map(({ id, label }) =>
              make("option", { value: id, selected: id === choice.show }, label),
            ),
          ),
        )
      : null,
    pressed ? make("span.note", {}, " = ", number(targetOf(choice).value)) : null,
  );
}

/** Return the slider over the training; its end is the net itself. */
function timeSlider(choice) {
  const { moments } = net;
  const now = momentOf(choice);
  const place = now ? moments.indexOf(now) : moments.length;
  const words = now?.label ?? "at its end";
  const move = ({ target }) =>
    go({ at: moments[Number(target.value)]?.id ?? "", show: "", as: "" }, true);
  return make(
    "label.row.time",
    {},
    "Training ",
    make("input", {
      type: "range",
      min: 0,
      max: moments.length,
      step: 1,
      value: place,
      "data-key": "time",
      "aria-valuetext": words,
      oninput: move,
    }),
    make("span", {}, words),
  );
}

/** Return what is to be said about what is shown in place of the net's own values. */
export function remark(choice) {
  const said =
    variantRemark(choice) ?? momentRemark(choice) ?? targetRemark(choice) ?? answerRemark(choice);
  return said ? make("p.remark", {}, said) : null;
}

function variantRemark(choice) {
  const variant = variantOf(choice);
  if (!variant) return null;
  const changes = Object.entries(variant.change ?? {});
  const list = changes.map(([name, share], place) => [place ? ", " : "", name, " ", number(share)]);
  return [
    make("b", {}, `${variant.label}: `),
    `${variant.note}. `,
    list.length ? make("details", {}, make("summary", {}, "By how much maps change"), list) : null,
    backButton({ as: "" }),
  ];
}

function momentRemark(choice) {
  const moment = momentOf(choice);
  if (!moment) return null;
  const words = "The maps and the answer are as they were then. ";
  return [make("b", {}, `${moment.label}: `), words, backButton({ at: "" })];
}

function targetRemark(choice) {
  const target = targetOf(choice);
  if (!target) return null;
  return [
    make("b", {}, "Gradients: "),
    `by how much ${target.label} changes where a value grows, `,
    "blue where it grows as well, orange where it falls. ",
    target.pixel
      ? "Of a single pixel each layer shows the gradients' sizes, summed over its maps. "
      : "Of each layer the steepest maps are held. ",
    imageOf(choice).targets.some(({ pixel }) => pixel)
      ? "The dots on the picture are the single pixels whose gradients are held: choose one. "
      : null,
    otherPixel(choice, target),
    backButton({ show: "" }),
  ];
}

function answerRemark(choice) {
  const answer = answerOf(choice);
  if (!choice.as || choice.as === "truth" || answer === imageOf(choice).answers[0]) return null;
  const words = "Only the answer is another one; the maps are still the net's own. ";
  return [make("b", {}, `The answer of ${answer.label}: `), words, backButton({ as: "" })];
}

function backButton(change) {
  return make(
    "button",
    { type: "button", onclick: () => go(change), "data-key": "undo" },
    "Back to the net's own values",
  );
}

/** Return where to find gradients of a single pixel, where those of another are asked for. */
function otherPixel(choice, target) {
  if (choice.layer !== output.name || choice.row === null) return null;
  const far = ({ pixel: [row, column] }) => Math.hypot(row - choice.row, column - choice.column);
  const single = imageOf(choice).targets.filter(({ pixel }) => pixel);
  if (!single.length || single.some((one) => far(one) === 0 && one === target)) return null;
  const nearest = single.reduce((best, one) => (far(one) < far(best) ? one : best));
  const [row, column] = nearest.pixel;
  return [
    far(nearest)
      ? "Gradients of single pixels are computed beforehand, for a few; the nearest: "
      : "Of this pixel: ",
    make(
      "a",
      { href: addressOf({ row, column, show: nearest.id }), "data-key": "nearest" },
      nearest.label,
    ),
    ". ",
  ];
}
