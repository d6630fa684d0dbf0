/** Which maps of a stage the tiles show: values, gradients, or those of another time or picture. */

import { blob, hasBlob } from "./blobs.js";
import { net } from "./net.js";
import { valuesOf } from "./values.js";

/** Return the image, the target, the moment and the comparison that a choice names. */
export function imageOf(choice) {
  return net.images[choice.image] ?? net.images[0];
}

export function targetOf(choice) {
  return imageOf(choice).targets.find(({ id }) => id === choice.show);
}

export function momentOf(choice) {
  return net.moments.find(({ id }) => id === choice.at);
}

export function variantOf(choice) {
  return imageOf(choice).variants.find(({ id }) => id === choice.as);
}

/** Return the answer that is shown: of a comparison, of a moment, or the net's own. */
export function answerOf(choice) {
  const { answers } = imageOf(choice);
  const wanted = variantOf(choice)?.answer ?? choice.as;
  return (
    answers.find(({ id }) => id === wanted) ??
    answers.find(({ kind, moment }) => choice.at && kind === "time" && moment === choice.at) ??
    answers[0]
  );
}

/** Return what maps are shown, in words: a key of `WHAT`. */
export function modeOf(choice) {
  if (targetOf(choice)) return "gradients";
  if (variantOf(choice)?.maps) return "variant";
  return momentOf(choice) ? "moment" : "values";
}

/**
 * Return the maps of a stage that a choice asks for.
 * @param {import("./address.js").Choice} choice
 * @param {import("./net.js").Stage} stage
 * @returns {Promise<import("./values.js").Maps|null>} null where the page holds none; a channel of
 *     null is the sum over all channels of the sizes of gradients
 */
export async function mapsShown(choice, stage) {
  const mode = modeOf(choice);
  if (mode === "values") return valuesOf(stage, choice.image);
  if (mode === "gradients") return gradientsOf(choice, stage);
  const [kind, described] =
    mode === "variant" ? ["variant", variantOf(choice)] : ["time", momentOf(choice)];
  return roundedMaps(
    `${choice.image}/${kind}/${described.id}/${stage.name}`,
    described.maps?.[stage.name],
  );
}

async function gradientsOf(choice, stage) {
  const target = targetOf(choice);
  const id = `${choice.image}/gradient/${target.id}/${stage.name}`;
  const each = await roundedMaps(id, target.maps?.[stage.name]);
  return each ?? roundedMaps(`${id}/sum`, [null]);
}

/** Return maps of whole numbers with a scale: near to what they stand for, not exact. */
async function roundedMaps(id, channels) {
  if (!hasBlob(id)) return null;
  const { data, shape, scale } = await blob(id);
  const [height, width] = shape.slice(-2);
  const count = data.length / (height * width);
  return {
    channels: channels ?? [...Array(count).keys()],
    height,
    width,
    data,
    scale,
    exact: false,
  };
}

/** Return the channels of shown maps, the most lively first. */
export function brightestFirst(choice, stage, maps) {
  if (modeOf(choice) === "values") return stage.order?.[choice.image] ?? maps.channels;
  const size = maps.height * maps.width;
  const liveliness = maps.channels.map((channel, place) => {
    let sum = 0;
    for (let i = place * size; i < (place + 1) * size; i++) sum += Math.abs(maps.data[i]);
    return { channel, sum };
  });
  return liveliness.sort((one, other) => other.sum - one.sum).map(({ channel }) => channel);
}
