/** The arrays of the page: packed in its text, unpacked when first asked for, and kept. */

/** @typedef {Float32Array|Float64Array|Int32Array|Int8Array|Uint8Array} Numbers */

/** What the net's page says of its arrays, by name: `{dtype, shape, scale}`. */
let described = {};
const unpacked = new Map();

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
};

/** Say what arrays there are. */
export function describeBlobs(description) {
  described = description;
}

/** Return whether the page holds an array. */
export function hasBlob(id) {
  return id in described;
}

/**
 * Return an array of the page.
 * @param {string} id e.g. "0/conv3_3"
 * @returns {Promise<{data: Numbers, shape: number[], scale: number|undefined}>} with a scale the
 *     numbers are whole ones, to be multiplied by it, and rounded
 */
export function blob(id) {
  if (!unpacked.has(id)) unpacked.set(id, unpack(id));
  return unpacked.get(id);
}

async function unpack(id) {
  const holder = document.getElementById(`blob-${id}`);
  const { dtype, shape, scale } = described[id];
  const packed = Uint8Array.from(atob(holder.textContent.trim()), (c) => c.charCodeAt(0));
  holder.remove(); // its text is needed no longer
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  return { data: new ARRAYS[dtype](joinPlanes(planes, ARRAYS[dtype]).buffer), shape, scale };
}

/**
 * Return the bytes of numbers of which all first bytes come first, then all second ones, and so
 * on: what is alike lies together and packs better.
 */
function joinPlanes(planes, kind) {
  const size = kind.BYTES_PER_ELEMENT;
  if (size === 1) return planes;
  const count = planes.length / size;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < size; plane++) {
    const from = plane * count;
    for (let i = 0, to = plane; i < count; i++, to += size) bytes[to] = planes[from + i];
  }
  return bytes;
}
