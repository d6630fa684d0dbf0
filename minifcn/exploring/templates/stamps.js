/**
 * Upsampling: each place of the input stamps the kernel, times its value, on the output; where
 * stamps overlap they are added.
 */

/**
 * Return the stamps that cover a place of a deconvolution's output, in reading order.
 * @param {import("./net.js").Stage} stage
 * @param {number} row of the output
 * @param {number} column
 * @param {number[]} size height and width of the input
 * @returns {{row: number, column: number, y: number, x: number}[]} the input's places, and which
 *     weight of the kernel each of them has there
 */
export function stampsAt(stage, row, column, [height, width]) {
  const found = [];
  for (const [i, y] of stampsOfAxis(stage, 0, row, height)) {
    for (const [j, x] of stampsOfAxis(stage, 1, column, width)) {
      found.push({ row: i, column: j, y, x });
    }
  }
  return found;
}

function stampsOfAxis({ kernel, step, pad }, axis, place, size) {
  const found = [];
  const first = Math.max(0, Math.ceil((place + pad[axis] - kernel[axis] + 1) / step[axis]));
  for (let i = first; i < size && i * step[axis] <= place + pad[axis]; i++) {
    found.push([i, place + pad[axis] - i * step[axis]]);
  }
  return found;
}

/**
 * Return the sum of stamps of one channel, in double precision.
 * @param {ArrayLike<number>} kernel row by row
 * @param {number} across the kernel's width
 * @param {ReturnType<stampsAt>} stamps
 * @param {ArrayLike<number>} values of the channel
 * @param {number} width of its map
 */
export function sumOfStamps(kernel, across, stamps, values, width) {
  let sum = 0;
  for (const { row, column, y, x } of stamps) {
    sum += kernel[y * across + x] * values[row * width + column];
  }
  return sum;
}

/**
 * Return an upsampling's values, bit for bit: the page holds by how many of the least steps of a
 * float32 the library's differ from a sum in double precision that is rounded once.
 * @param {import("./net.js").Stage} stage bilinear
 * @param {ArrayLike<number>} kernel
 * @param {import("./values.js").Maps} before
 * @param {{shape: number[], data: Int32Array}} residual
 * @returns {Float32Array}
 */
export function upsampled(stage, kernel, before, { shape: [channels, height, width], data }) {
  const result = new Float32Array(data.length);
  const size = before.height * before.width;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const stamps = stampsAt(stage, row, column, [before.height, before.width]);
      for (let channel = 0; channel < channels; channel++) {
        const values = before.data.subarray(channel * size, (channel + 1) * size);
        const to = (channel * height + row) * width + column;
        result[to] = sumOfStamps(kernel, stage.kernel[1], stamps, values, before.width);
      }
    }
  }
  const bits = new Int32Array(result.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] += data[i];
  return result;
}
