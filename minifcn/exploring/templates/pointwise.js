/** A 1 x 1 convolution: a vote of maps, for a map or for one class and against another. */

import { make } from "./element.js";
import { net } from "./net.js";
import { number } from "./numbers.js";
import { paged, placeLink, table, term } from "./places.js";
import { addressOf } from "./router.js";
import { valueAt, valuesOf } from "./values.js";

const VOTES_PER_PAGE = 8;

/** Return the table of votes: each input map's value times its weight. */
export function pointwise(choice, stage, { terms, before }) {
  const rows = (some) =>
    some.map(({ channel, window, kernel, sum }) => [
      fromMap(choice, before, channel),
      number(window[0]),
      number(kernel[0]),
      number(sum, ".partial"),
    ]);
  const draw = (some) => table("votes", ["map", "value", "× weight", "= product"], rows(some));
  return paged(terms, VOTES_PER_PAGE, draw, "Maps that give the most");
}

/** Return which maps put one class ahead of another, and by how much. */
export async function againstRival(choice, stage, made, rival) {
  const classes = [choice.map, choice.against];
  const [one, other] = classes.map((place) => net.classes[place].name);
  const values = await valuesOf(stage, choice.image);
  const scores = classes.map((map) => valueAt(values, map, choice.row, choice.column));
  const cast = votesOf(made.terms, rival.terms);
  const sum = cast.reduce((all, { ahead }) => all + ahead, 0);
  const bias = made.bias - rival.bias;
  const heads = ["map", "value", `weight for ${one}`, `for ${other}`, `puts ${one} ahead by`];
  const rows = (some) =>
    some.map(({ channel, value, weight, less, ahead }) => [
      fromMap(choice, made.before, channel),
      number(value),
      number(weight),
      number(less),
      number(ahead, ".partial"),
    ]);
  const alone = make(
    "a",
    { href: addressOf({ against: null }), "data-key": "alone" },
    `${one} alone`,
  );
  return make(
    "div",
    {},
    make(
      "p",
      {},
      `Which maps of ${made.before.name} spoke for ${one} rather than ${other}? `,
      alone,
    ),
    make(
      "p.equation",
      {},
      [term(sum, "sum", `${cast.length} votes`), " + ", term(bias, "bias", "difference of biases")],
      [" = ", term(sum + bias, "raw", `${one} ahead by`), " = "],
      term(
        scores[0] - scores[1],
        "library",
        `the library's ${one} less ${other}: `,
        number(scores[0]),
        " and ",
        number(scores[1]),
      ),
    ),
    paged(
      cast,
      VOTES_PER_PAGE,
      (some) => table("votes", heads, rows(some)),
      "Maps that matter most",
    ),
  );
}

/** Return what each map gives to one class more than to another, the most first. */
function votesOf(terms, rivals) {
  const weights = new Map(rivals.map(({ channel, kernel }) => [channel, kernel[0]]));
  const votes = terms.map(({ channel, window: [value], kernel: [weight] }) => {
    const less = weights.get(channel);
    return { channel, value, weight, less, ahead: value * weight - value * less };
  });
  return votes.sort((one, other) => Math.abs(other.ahead) - Math.abs(one.ahead));
}

function fromMap({ row, column }, before, channel) {
  return placeLink(before, row, column, channel, `${before.name}, map ${channel}`);
}
