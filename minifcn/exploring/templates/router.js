/** What is chosen now, and how it changes: every choice is an address, every address a choice. */

import { readAddress, writeAddress } from "./address.js";

let render = () => {};

/** Return what is chosen. */
export function chosen() {
  return readAddress(location.hash);
}

/**
 * Return the address of what is chosen now, with something changed.
 * @param {Partial<import("./address.js").Choice>} change
 */
export function addressOf(change) {
  return writeAddress({ ...chosen(), ...change });
}

/**
 * Choose something else.
 * @param {Partial<import("./address.js").Choice>} change
 * @param {boolean} [step] whether it is a step on the way, to which "back" need not lead
 */
export function go(change, step = false) {
  const address = addressOf(change);
  if (step) {
    history.replaceState(null, "", address);
    render(chosen());
  } else location.hash = address; // the browser tells of it
}

/** Show what the address asks for, now and whenever it changes. */
export function follow(show) {
  render = show;
  addEventListener("hashchange", () => render(chosen()));
  render(chosen());
}
