/** Numbers as the page writes them: three digits, and exact on demand. */

import { make } from "./element.js";

const MINUS = "\u2212";

/**
 * Return three significant digits of a number.
 * @param {number} value
 * @returns {string} e.g. "−0.0123", "4.57", "1,230", "0", "1.2e−7"
 */
export function short(value) {
  if (!Number.isFinite(value)) return String(value).replace("-", MINUS);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-4 || size >= 1e6) return value.toExponential(2).replaceAll("-", MINUS);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Number(size.toPrecision(3)))));
  return value.toFixed(digits).replace("-", MINUS);
}

/**
 * Return the shortest text that stands for a number and no other of its kind, as NumPy writes it.
 * @param {number} value of float32 or float64
 * @returns {string}
 */
export function exact(value) {
  if (Math.fround(value) === value && Number.isFinite(value)) {
    for (let digits = 1; digits <= 9; digits++) {
      const text = Number(value.toPrecision(digits));
      if (Math.fround(text) === value) return String(text);
    }
  }
  return String(value);
}

/** Return a share of one as a percentage of three digits. */
export function percent(share) {
  return `${short(100 * share)} %`;
}

/** Whether numbers are written exactly at the moment. */
let inFull = false;

/**
 * Return an element that shows a number; its title, and a click on it, tell the number exactly.
 * @param {number} value
 * @param {string} [classes] of the element, e.g. ".sum"
 * @param {function(number): string} [written] the short form
 * @returns {Element}
 */
export function number(value, classes = "", written = short) {
  const whole = exact(value);
  const shown = written(value);
  return make(
    `data.n${classes}`,
    { value: whole, title: whole, "data-short": shown },
    inFull ? whole : shown,
  );
}

/** Write all numbers of the page exactly, or shortly again; return whether exactly. */
export function writeInFull(wanted = !inFull) {
  inFull = wanted;
  for (const one of document.querySelectorAll("data.n")) {
    one.textContent = inFull ? one.value : one.dataset.short;
  }
  return inFull;
}

/** Let a click on a number show it exactly, and another shortly. */
export function numbersAnswerClicks() {
  document.addEventListener("click", ({ target }) => {
    if (!target.matches?.("data.n")) return;
    target.textContent = target.textContent === target.value ? target.dataset.short : target.value;
  });
}
