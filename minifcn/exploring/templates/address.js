/**
 * The address of what is shown: everything the reader has chosen stands behind the page's "#", so
 * that a link leads to the same view, and the browser's "back" to the view before.
 *
 *     #conv3_3/12,20          the layer at row 12, column 20
 *     #1:conv3_3/12,20/5      its sixth map, of the second picture
 *     #score/63,40?show=loss  a pixel of the answer, with gradients of the loss
 */

/**
 * @typedef {Object} Choice
 * @property {number} image
 * @property {string} layer empty for the overview
 * @property {number|null} row
 * @property {number|null} column
 * @property {number|null} map a channel of the layer
 * @property {string} show whose gradients are shown; empty for values
 * @property {string} at a moment of the training; empty for its end
 * @property {string} as another answer, or other values, that the net's own are compared with
 * @property {number|null} against the class with which a score is compared
 */

// A layer's name may have a slash of its own, as "inception_4a/output".
const PATH = /^(?:(\d+):)?(.*?)(?:\/(\d+),(\d+)(?:\/(\d+))?)?$/;
const WORDS = ["show", "at", "as"];
const NOTHING = {
  image: 0,
  layer: "",
  row: null,
  column: null,
  map: null,
  show: "",
  at: "",
  as: "",
  against: null,
};

/**
 * Return what an address asks for.
 * @param {string} hash from "#" on
 * @returns {Choice}
 */
export function readAddress(hash) {
  const [path, query = ""] = unescaped(hash.replace(/^#/, "")).split("?");
  const [, image, layer, row, column, map] = PATH.exec(path) ?? [];
  const choice = { ...NOTHING, image: Number(image ?? 0), layer: layer ?? "" };
  if (row !== undefined) Object.assign(choice, { row: Number(row), column: Number(column) });
  if (map !== undefined) choice.map = Number(map);
  for (const [key, value] of new URLSearchParams(query)) {
    if (WORDS.includes(key)) choice[key] = value;
    if (key === "against" && /^\d+$/.test(value)) choice.against = Number(value);
  }
  return choice;
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // no address of ours
  }
}

/**
 * Return the address of a choice; `readAddress` gives it back.
 * @param {Choice} choice
 * @returns {string} from "#" on
 */
export function writeAddress(choice) {
  const image = choice.image ? `${choice.image}:` : "";
  const place = choice.row === null ? "" : `/${choice.row},${choice.column}`;
  const map = choice.row === null || choice.map === null ? "" : `/${choice.map}`;
  const asked = [...WORDS, "against"]
    .filter((key) => choice[key] !== NOTHING[key])
    .map((key) => `${key}=${encodeURIComponent(choice[key])}`);
  return `#${image}${choice.layer}${place}${map}${asked.length ? `?${asked.join("&")}` : ""}`;
}
