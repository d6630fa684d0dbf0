/** From numbers to colours, in the page's light or dark colours. */

const LEVELS = 255; // of each sign

/** Return red, green and blue, 0 to 255, of a colour of the style sheet, e.g. "--paper". */
export function styleColour(name) {
  return readColour(getComputedStyle(document.documentElement).getPropertyValue(name).trim());
}

/** Return red, green and blue of "#rrggbb" or "#rgb". */
export function readColour(text) {
  const digits = text.slice(1);
  const each = digits.length === 3 ? [...digits].map((d) => d + d) : digits.match(/../g);
  return each.map((pair) => parseInt(pair, 16));
}

let palette = null;

/** Forget the colours; the style sheet has others now. */
export function forgetColours() {
  palette = null;
}

/**
 * Return the colours from the least to the greatest number: the background's for 0, towards one
 * hue above it and towards another below. Small numbers are seen, too.
 */
function colours() {
  if (palette) return palette;
  const [none, more, less] = ["--none", "--more", "--less"].map(styleColour);
  palette = [];
  for (let level = -LEVELS; level <= LEVELS; level++) {
    const share = (Math.abs(level) / LEVELS) ** 0.7;
    const hue = level > 0 ? more : less;
    palette.push(none.map((zero, place) => Math.round(zero + share * (hue[place] - zero))));
  }
  return palette;
}

/**
 * Return the colour of a number.
 * @param {number} value
 * @param {number} largest the size that has the full hue
 * @returns {number[]}
 */
export function colourOf(value, largest) {
  const share = largest ? Math.max(-1, Math.min(1, value / largest)) : 0;
  return colours()[Math.round(share * LEVELS) + LEVELS];
}

/** Return the colours of a cell that holds a number, as a style. */
export function cellStyle(value, largest) {
  const [red, green, blue] = colourOf(value, largest);
  const light = 0.3 * red + 0.6 * green + 0.1 * blue > 140;
  return `background: rgb(${red} ${green} ${blue}); color: ${light ? "#1c1e21" : "#fff"}`;
}

/** Return the largest size among numbers. */
export function largestSize(values) {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (size > largest) largest = size;
  }
  return largest;
}
