/** A layer: its maps, and at the chosen place how its value was made. */

import { largestSize } from "./colours.js";
import { make } from "./element.js";
import { howItWasMade } from "./made.js";
import { boxAt, markOf, net, readers, sizeOf } from "./net.js";
import { number } from "./numbers.js";
import { paintNumbers, plot } from "./plot.js";
import { addressOf, chosen, go } from "./router.js";
import { brightestFirst, mapsShown, modeOf, targetOf } from "./shown.js";
import { mapOf, valueAt, valuesOf } from "./values.js";
import { walk } from "./walk.js";
import { KINDS, mapName, pixels } from "./words.js";

const PER_PAGE = 16;
const opened = { layer: "", page: 0 };

/**
 * Return the view of a layer; where the address names no place, one that is worth a look.
 * @param {import("./address.js").Choice} choice
 * @param {import("./net.js").Stage} stage
 * @returns {Promise<Element>}
 */
export async function layerView(choice, stage) {
  const maps = await mapsShown(choice, stage);
  const values = await valuesOf(stage, choice.image);
  const place = whole(choice, stage, values);
  return make(
    "section.layer",
    { "aria-labelledby": "h-layer" },
    make("h2", { id: "h-layer" }, stage.name, ": ", KINDS[stage.kind]?.(stage) ?? stage.kind),
    facts(stage, choice.image),
    maps
      ? mapsPanel(place, stage, maps)
      : make("p", {}, "This page holds no such maps of this layer."),
    modeOf(choice) === "values"
      ? await howItWasMade(place, stage, values)
      : gradientHere(place, maps),
    await walk(place, stage),
  );
}

/** Return a choice with a place and a map: where nothing is chosen, the greatest value's. */
function whole(choice, stage, values) {
  if (choice.row !== null && choice.map !== null) return choice;
  const { width } = values;
  if (choice.row !== null) {
    const most = (stage.rows ?? values.channels).reduce((best, channel) =>
      valueAt(values, channel, choice.row, choice.column) >
      valueAt(values, best, choice.row, choice.column)
        ? channel
        : best,
    );
    return { ...choice, map: most };
  }
  const map = stage.order[choice.image].find((one) => stage.rows?.includes(one) ?? true);
  const own = mapOf(values, map);
  let most = 0;
  for (let i = 1; i < own.length; i++) if (own[i] > own[most]) most = i;
  return { ...choice, row: Math.floor(most / width), column: most % width, map };
}

function facts(stage, image) {
  const [height, width] = sizeOf(stage, image);
  const next = readers(stage).map((one, place) => [
    place ? ", " : "",
    make(
      "a",
      { href: addressOf({ layer: one.name, row: null, column: null, map: null, against: null }) },
      one.name,
    ),
  ]);
  return make(
    "p.note",
    {},
    `${stage.shape[0]} maps of ${height} × ${width}; a place every ${pixels(stage.stride)},`,
    ` each sees ${stage.field} × ${stage.field} pixels of the picture`,
    stage.parameters ? `; ${stage.parameters.toLocaleString("en")} parameters` : "",
    next.length ? [". Read by ", next, ". "] : ". ",
    stage.page
      ? make("a", { href: `${net.site}${stage.page}` }, "The textbook's page about it")
      : null,
  );
}

function mapsPanel(choice, stage, maps) {
  const order = brightestFirst(choice, stage, maps);
  const pages = Math.ceil(order.length / PER_PAGE);
  if (opened.layer !== stage.name) {
    Object.assign(opened, {
      layer: stage.name,
      page: Math.max(0, Math.floor(order.indexOf(choice.map) / PER_PAGE)),
    });
  }
  const holder = make("div.maps");
  const counter = make("span");
  const largest = largestSize(maps.data);
  const show = (page) => {
    opened.page = (page + pages) % pages;
    counter.textContent = `${opened.page + 1} of ${pages}`;
    const some = order.slice(opened.page * PER_PAGE, (opened.page + 1) * PER_PAGE);
    holder.replaceChildren(
      ...some.map((channel) => mapFigure(choice, stage, maps, channel, largest)),
    );
  };
  show(Math.min(opened.page, pages - 1));
  const turn = (text, step) =>
    make(
      "button",
      {
        type: "button",
        "data-key": text,
        onclick: () => show(opened.page + step),
      },
      text,
    );
  return make(
    "div",
    {},
    pages > 1
      ? make(
          "p.row.note",
          {},
          "Brightest first. ",
          turn("‹ brighter", -1),
          counter,
          turn("darker ›", 1),
        )
      : null,
    holder,
  );
}

function mapFigure(choice, stage, maps, channel, largest) {
  const { height, width } = maps;
  const [rows, columns] = sizeOf(stage, choice.image);
  const scale = [rows / height, columns / width]; // of maps that are held at half their size
  const box = boxAt(choice.row, choice.column);
  const name = mapName(stage, channel);
  const mark = markOf(box, "here");
  const figure = plot({
    rows: height,
    columns: width,
    paint: paintNumbers(mapOf(maps, channel), largest),
    label: `${name} of ${stage.name}. Arrow keys move the chosen place.`,
    at: [choice.row, choice.column].map((place, axis) => Math.floor(place / scale[axis])),
    key: `map-${channel}`,
    marks: [
      {
        ...mark,
        row: mark.row / scale[0],
        column: mark.column / scale[1],
        height: 1 / scale[0],
        width: 1 / scale[1],
      },
    ],
    pick: (row, column, step) =>
      go(
        {
          layer: stage.name,
          row: Math.floor(row * scale[0]),
          column: Math.floor(column * scale[1]),
          map: channel ?? choice.map,
          against: choice.against,
        },
        step && chosen().row !== null,
      ),
  });
  return make(
    channel === choice.map ? "figure.chosen" : "figure",
    {},
    figure,
    make("figcaption", {}, name),
  );
}

/** Return the gradient at the chosen place, in words. */
function gradientHere(choice, maps) {
  if (!maps) return null;
  const channel = maps.channels.includes(choice.map) ? choice.map : maps.channels[0];
  const [row, column] = [
    Math.min(choice.row, maps.height - 1),
    Math.min(choice.column, maps.width - 1),
  ];
  const value = valueAt(maps, channel, row, column);
  const target = targetOf(choice);
  if (!target) {
    return make(
      "p",
      {},
      `Here, at row ${row}, column ${column} of map ${channel}: ≈ `,
      number(value),
      ".",
    );
  }
  return make(
    "p",
    {},
    channel === null
      ? ["Here the gradients of all maps have the size ≈ ", number(value), " together"]
      : [
          `A small step up of map ${channel} at row ${row}, column ${column} changes `,
          target.label,
          " by ≈ ",
          number(value),
          " times the step",
        ],
    ".",
  );
}
