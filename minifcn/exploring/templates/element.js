/** Elements made in one expression, so that a view reads like the HTML it makes. */

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set(["svg", "g", "path", "rect", "line", "circle", "text", "title"]);

/**
 * Return a new element.
 * @param {string} tag of HTML or SVG, with classes: "p.note"
 * @param {Object} [attributes] a function is a listener (`onclick`), true is an attribute without
 *     a value, false and null are none
 * @param {...(Node|string|number|null|Array)} children null is none
 * @returns {Element}
 */
export function make(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = DRAWN.has(name) ? document.createElementNS(SVG, name) : document.createElement(name);
  if (classes.length) made.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined)
      made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== false));
  return made;
}

/**
 * Put children in place of what an element holds, and leave the focus where it was: on what has
 * the same `data-key`.
 * @param {Element} holder
 * @param {...(Node|string|Array|null)} children
 */
export function fill(holder, ...children) {
  const key = holder.contains(document.activeElement) && document.activeElement.dataset.key;
  holder.replaceChildren(...children.flat(Infinity).filter((child) => child !== null));
  if (key) holder.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
