/** A small picture of a stage: its brightest maps, a page at a time. */

import { largestSize } from "./colours.js";
import { make } from "./element.js";
import { scoring } from "./net.js";
import { paintClasses, paintNumbers } from "./plot.js";
import { brightestFirst, mapsShown, modeOf } from "./shown.js";
import { mapOf } from "./values.js";

const SIDE = 2; // maps beside one another
const pages = new Map(); // which one is open, by the stage's name

/**
 * Return a tile. It is painted as soon as its numbers are unpacked.
 * @param {import("./net.js").Stage} stage
 * @param {import("./address.js").Choice} choice
 * @returns {Element}
 */
export function tile(stage, choice) {
  const canvas = make("canvas.tile", { role: "img", "aria-label": `maps of ${stage.name}` });
  const holder = make("span.tile", {}, canvas);
  mapsShown(choice, stage).then((maps) => {
    if (!maps) {
      holder.classList.add("none");
      holder.title = "not held in this page";
      return;
    }
    const sheets = sheetsOf(stage, choice, maps);
    const show = (page) => {
      const open = ((page % sheets.length) + sheets.length) % sheets.length;
      pages.set(stage.name, open);
      paintSheet(canvas, sheets[open], maps);
      canvas.setAttribute("aria-label", `maps of ${stage.name}: ${sheets[open].words}`);
      if (counter) counter.textContent = `${open + 1}/${sheets.length}`;
    };
    const counter = sheets.length > 1 ? make("span", {}) : null;
    if (counter) holder.append(pager(counter, (step) => show(pages.get(stage.name) + step)));
    show(Math.min(pages.get(stage.name) ?? 0, sheets.length - 1));
  });
  return holder;
}

/** Return buttons that turn the page; a tile is a link, so they stop the click. */
function pager(counter, turn) {
  const button = (text, label, step) =>
    make(
      "button",
      {
        type: "button",
        tabindex: -1,
        "aria-label": label,
        onclick: (event) => {
          event.preventDefault();
          event.stopPropagation();
          turn(step);
        },
      },
      text,
    );
  return make(
    "span.pager",
    {},
    button("‹", "brighter maps", -1),
    counter,
    button("›", "darker maps", 1),
  );
}

/** Return what the pages of a tile show: for scores first the class that has the most. */
function sheetsOf(stage, choice, maps) {
  const sheets = [];
  if (scoring.has(stage) && modeOf(choice) !== "gradients" && maps.channels.length > 1) {
    sheets.push({ classes: bestClasses(maps), words: "the class with the greatest score" });
  }
  const channels = brightestFirst(choice, stage, maps);
  const many = channels.length > 1 ? SIDE * SIDE : 1;
  for (let first = 0; first < channels.length; first += many) {
    const some = channels.slice(first, first + many);
    sheets.push({ channels: some, words: some[0] === null ? "all together" : some.join(", ") });
  }
  return sheets;
}

/** Return the channel that is greatest at each place. */
export function bestClasses({ channels, height, width, data }) {
  const size = height * width;
  const best = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    let most = 0;
    for (let place = 1; place < channels.length; place++) {
      if (data[place * size + i] > data[most * size + i]) most = place;
    }
    best[i] = channels[most];
  }
  return best;
}

function paintSheet(canvas, sheet, maps) {
  const { height, width } = maps;
  const side = sheet.channels?.length > 1 ? SIDE : 1;
  canvas.width = side * width;
  canvas.height = side * height;
  canvas.classList.toggle("fine", canvas.width > 96);
  const context = canvas.getContext("2d");
  const largest = largestSize(maps.data);
  const put = (paint, place) => {
    const pixels = context.createImageData(width, height);
    pixels.data.fill(255);
    paint(pixels.data);
    context.putImageData(pixels, (place % side) * width, Math.floor(place / side) * height);
  };
  if (sheet.classes) put(paintClasses(sheet.classes), 0);
  else sheet.channels.forEach((one, place) => put(paintNumbers(mapOf(maps, one), largest), place));
}
