/** The values of a stage for a picture: those the page holds, and those that follow from them. */

import { blob, hasBlob } from "./blobs.js";
import { feeders, net, sizeOf } from "./net.js";
import { upsampled } from "./stamps.js";

/**
 * @typedef {Object} Maps
 * @property {number[]} channels that are there, ascending
 * @property {number} height
 * @property {number} width
 * @property {ArrayLike<number>} data map by map, row by row
 * @property {number} scale by which the numbers are to be multiplied
 * @property {boolean} exact whether they are the library's own, bit for bit
 */

const known = new Map();

/**
 * Return the values of a stage.
 * @param {import("./net.js").Stage} stage
 * @param {number} image
 * @returns {Promise<Maps>}
 */
export function valuesOf(stage, image) {
  const key = `${image}/${stage.name}`;
  if (!known.has(key)) known.set(key, find(stage, image, key));
  return known.get(key);
}

async function find(stage, image, key) {
  const [height, width] = sizeOf(stage, image);
  const maps = { channels: stage.maps, height, width, scale: 1, exact: net.images[image].exact };
  if (stage.residual) return { ...maps, data: await fromResidual(stage, image, await blob(key)) };
  if (hasBlob(key)) return { ...maps, data: (await blob(key)).data };
  const data = new Float32Array(stage.maps.length * height * width);
  if (stage.kind === "input") await fillFromPicture(data, image);
  else {
    const inputs = await Promise.all(feeders(stage).map((one) => valuesOf(one, image)));
    FOLLOWS[stage.kind](stage, inputs, { ...maps, data });
  }
  return { ...maps, data };
}

async function fromResidual(stage, image, residual) {
  const kernel = (await blob(`weight/${stage.name}`)).data;
  return upsampled(stage, kernel, await valuesOf(feeders(stage)[0], image), residual);
}

/** Where the numbers of a channel begin in `data`, or -1 if it is not there. */
export function startOf(maps, channel) {
  const place = maps.channels.indexOf(channel);
  return place < 0 ? -1 : place * maps.height * maps.width;
}

/** Return a channel's map, row by row; its numbers are to be multiplied by the scale. */
export function mapOf(maps, channel) {
  const start = startOf(maps, channel);
  return maps.data.subarray(start, start + maps.height * maps.width);
}

/** Return one value; 0 beyond the border, where layers are padded. */
export function valueAt(maps, channel, row, column) {
  if (row < 0 || column < 0 || row >= maps.height || column >= maps.width) return 0;
  return maps.scale * maps.data[startOf(maps, channel) + row * maps.width + column];
}

/** How stages follow exactly from their inputs: by comparing and copying, without rounding. */
const FOLLOWS = { maxpool: fillPooled, crop: fillCropped, concat: fillJoined, relu: fillRectified };

function fillPooled(stage, [before], { channels, height, width, data }) {
  let to = 0;
  for (const channel of channels) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        data[to++] = winner(stage, before, channel, row, column).value;
      }
    }
  }
}

/**
 * Return the largest value of a pooling's window and where it is; the first one wins a tie.
 * @returns {{value: number, row: number, column: number}}
 */
export function winner(stage, before, channel, row, column) {
  const start = startOf(before, channel);
  const top = row * stage.step[0] - stage.pad[0];
  const left = column * stage.step[1] - stage.pad[1];
  const best = { value: -Infinity, row: top, column: left };
  for (let y = Math.max(0, top); y < Math.min(before.height, top + stage.kernel[0]); y++) {
    for (let x = Math.max(0, left); x < Math.min(before.width, left + stage.kernel[1]); x++) {
      const value = before.data[start + y * before.width + x];
      if (value > best.value) [best.value, best.row, best.column] = [value, y, x];
    }
  }
  return best;
}

function fillCropped(stage, [before], { channels, height, width, data }) {
  channels.forEach((channel, place) => {
    for (let row = 0; row < height; row++) {
      const from =
        startOf(before, channel) + (row + stage.offset[0]) * before.width + stage.offset[1];
      data.set(before.data.subarray(from, from + width), (place * height + row) * width);
    }
  });
}

function fillJoined(stage, inputs, { channels, data, height, width }) {
  channels.forEach((channel, place) => {
    const [part, own] = partOf(stage, channel);
    data.set(mapOf(inputs[part], own), place * height * width);
  });
}

/** Return which input of a concatenation a channel comes from, and which channel it is there. */
export function partOf(stage, channel) {
  let part = 0;
  while (channel >= stage.parts[part]) channel -= stage.parts[part++];
  return [part, channel];
}

function fillRectified(stage, [before], { data }) {
  for (let i = 0; i < data.length; i++) data[i] = Math.max(0, before.data[i]);
}

/** Take the picture as the net does: a channel's mean is subtracted, and the rest is scaled. */
async function fillFromPicture(data, image) {
  const picture = new Image();
  picture.src = net.images[image].picture;
  await picture.decode();
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(picture, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  const { order, mean, scale } = net.preprocess;
  for (let channel = 0; channel < order.length; channel++) {
    const colour = "RGB".indexOf(order[channel]);
    const factor = scale[channel] ?? scale;
    for (let i = 0; i < width * height; i++) {
      const centred = Math.fround(pixels[4 * i + colour] - Math.fround(mean[channel]));
      data[channel * width * height + i] = factor === 1 ? centred : Math.fround(centred * factor);
    }
  }
}

/** Return the kernel and the bias that make a channel, or null where the page holds none. */
export async function parametersOf(stage, channel) {
  if (!hasBlob(`weight/${stage.name}`)) return null;
  const { data, shape, scale = 1 } = await blob(`weight/${stage.name}`);
  const row = stage.bilinear ? 0 : stage.rows.indexOf(channel);
  if (row < 0) return null;
  const size = stage.bilinear ? data.length : data.length / shape[0];
  const bias = hasBlob(`bias/${stage.name}`) ? (await blob(`bias/${stage.name}`)).data[row] : 0;
  return { kernel: data.subarray(row * size, (row + 1) * size), bias, scale, exact: scale === 1 };
}
