/** What each of the summed predictions gave to a pixel's scores. */

import { blob } from "./blobs.js";
import { centresBack, net, output, stageOf } from "./net.js";
import { stampsAt, sumOfStamps } from "./stamps.js";
import { valueAt, valuesOf } from "./values.js";

/**
 * @typedef {Object} Part
 * @property {import("./net.js").Stage} stage the prediction, e.g. score_pool4
 * @property {string} label e.g. "stride 16"
 * @property {number} row of its place that is nearest to the pixel
 * @property {number} column
 * @property {number[]} shares for each class
 */

/**
 * Return the scores of a pixel and what they are the sums of.
 * @param {number} image
 * @param {number} row
 * @param {number} column
 * @returns {Promise<{scores: number[], parts: Part[]}>} scores are the library's own; the shares
 *     add up to them but for the rounding of the library's single precision
 */
export async function sharesOf(image, row, column) {
  const maps = await valuesOf(output, image);
  const scores = maps.channels.map((channel) => valueAt(maps, channel, row, column));
  if (!net.branches) return { scores, parts: [] };
  const { last, crop, parts } = net.branches;
  const stage = stageOf(last);
  const kernel = (await blob(`weight/${last}`)).data;
  const centres = centresBack(output, row, column, image);
  const found = parts.map(async (part, number) => {
    const { data, shape } = await blob(`${image}/branch/${number}`);
    const [, height, width] = shape;
    const stamps = stampsAt(stage, row + crop[0], column + crop[1], [height, width]);
    const size = height * width;
    const shares = scores.map((_, channel) =>
      sumOfStamps(
        kernel,
        stage.kernel[1],
        stamps,
        data.subarray(channel * size, (channel + 1) * size),
        width,
      ),
    );
    const own = stageOf(part.stage);
    const [y, x] = centres.get(own.name);
    return { ...part, stage: own, shares, row: y, column: x };
  });
  return { scores, parts: await Promise.all(found) };
}

/** Return the probabilities of scores. */
export function softmax(scores) {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Return the place of the greatest number; of several the first. */
export function greatest(numbers) {
  return numbers.indexOf(Math.max(...numbers));
}

/** Return what scores would be without some of the parts. */
export function scoresWithout(parts, left) {
  return parts[0].shares.map((_, channel) =>
    parts.reduce((sum, part) => (part === left ? sum : sum + part.shares[channel]), 0),
  );
}
