/** Keys for everything that the mouse does. */

import { make } from "./element.js";
import { net, stageOf } from "./net.js";
import { writeInFull } from "./numbers.js";
import { nextWrong } from "./pictures.js";
import { chosen, go } from "./router.js";
import { imageOf } from "./shown.js";
import { placeAfter, placeBefore } from "./walk.js";

const KEYS = {
  n: ["the next wrong pixel", nextWrong],
  b: ["a layer back, towards the picture", () => goTo(placeBefore)],
  f: ["a layer forward, towards the answer", () => goTo(placeAfter)],
  o: ["the whole net", () => go({ layer: "", row: null, column: null, map: null, against: null })],
  g: ["values or gradients", toggleGradients],
  e: ["all numbers exactly, or with three digits", () => writeInFull()],
};

/** Let the keys work, wherever the focus is but in a field. */
export function keysWork() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input:not([type=range]), select, textarea")) return;
    const image = Number(event.key) - 1;
    if (KEYS[event.key]) KEYS[event.key][1]();
    else if (net.images[image])
      go({ image, layer: "", row: null, column: null, map: null, show: "", as: "" });
  });
}

function goTo(where) {
  const choice = chosen();
  const stage = stageOf(choice.layer);
  const next = stage && choice.row !== null && where(choice, stage);
  if (next) go(next);
}

function toggleGradients() {
  const choice = chosen();
  const [first] = imageOf(choice).targets;
  if (first) go({ show: choice.show ? "" : first.id, at: "", as: "" });
}

/** Return the list of keys. */
export function keyList() {
  const row = (keys, words) =>
    make(
      "li",
      {},
      keys.map((key) => make("kbd", {}, key)),
      " ",
      words,
    );
  return make(
    "details",
    {},
    make("summary", {}, "Keys"),
    make(
      "ul.keys",
      {},
      row(["←", "↑", "↓", "→"], "move the place in a map that has the focus; with Shift by eight"),
      Object.entries(KEYS).map(([key, [words]]) => row([key], words)),
      row(["1", "2", "…"], "another picture"),
      row(["Alt", "←"], "back to what was shown before"),
    ),
  );
}
