/** A 1 x 1 convolution: a vote of maps, for a map or for one class and against another. */

import { make } from "./element.js";
import { net } from "./net.js";
import { number } from "./numbers.js";
import { paged, placeLink } from "./places.js";
import { addressOf } from "./router.js";
import { valueAt, valuesOf } from "./values.js";

const VOTES_PER_PAGE = 8;

/** Return the table of votes: each input map's value times its weight. */
export function pointwise(choice, stage, { terms, before }) {
  const draw = (some) => votes(["map", "value", "× weight", "= product"], some.map((term) => [
    fromMap(choice, before, term.channel), number(term.window[0]), number(term.kernel[0]), number(term.sum, ".partial")]));
  return paged(terms, VOTES_PER_PAGE, draw, "Maps that give the most");
}

/** Return which maps put one class ahead of another, and by how much. */
export async function againstRival(choice, stage, made, rival) {
  const [one, other] = [choice.map, choice.against].map((place) => net.classes[place].name);
  const weightOf = new Map(rival.terms.map((term) => [term.channel, term.kernel[0]]));
  const votesOf = made.terms.map(({ channel, window, kernel }) => {
    const [value, weight, less] = [window[0], kernel[0], weightOf.get(channel)];
    return { channel, value, weight, less, ahead: value * weight - value * less };
  }).sort((a, b) => Math.abs(b.ahead) - Math.abs(a.ahead));
  const values = await valuesOf(stage, choice.image);
  const [own, others] = [choice.map, choice.against].map((map) => valueAt(values, map, choice.row, choice.column));
  const sum = votesOf.reduce((all, { ahead }) => all + ahead, 0);
  const bias = made.bias - rival.bias;
  const draw = (some) => votes(["map", "value", `weight for ${one}`, `for ${other}`, `puts ${one} ahead by`], some.map((vote) => [
    fromMap(choice, made.before, vote.channel), number(vote.value), number(vote.weight), number(vote.less), number(vote.ahead, ".partial")]));
  return make("div", {},
    make("p", {}, `Which maps of ${made.before.name} spoke for ${one} rather than ${other}? `,
      make("a", { href: addressOf({ against: null }), "data-key": "alone" }, `${one} alone`)),
    make("p.equation", {},
      term(sum, "sum", `${votesOf.length} votes`), " + ", term(bias, "bias", "difference of biases"), " = ",
      term(sum + bias, "raw", `${one} ahead by`), " = ", term(own, "", one), " − ", term(others, "", other), " ",
      term(own - others, "library", "by the library's values")),
    paged(votesOf, VOTES_PER_PAGE, draw, "Maps that matter most"));
}

function term(value, kind, words) {
  return make("span.term", {}, number(value, kind && `.${kind}`), make("small", {}, words));
}

function fromMap({ row, column }, before, channel) {
  return placeLink(before, row, column, channel, `${before.name}, map ${channel}`);
}

function votes(heads, rows) {
  return make("div.scroll", {}, make("table.votes", {},
    make("thead", {}, make("tr", {}, heads.map((head, place) => make(place ? "th.number" : "th", { scope: "col" }, head)))),
    make("tbody", {}, rows.map((cells) => make("tr", {}, cells.map((cell, place) => make(place ? "td.number" : "td", {}, cell)))))));
}
