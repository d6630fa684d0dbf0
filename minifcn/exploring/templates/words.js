/** What the kinds of layers are called. */

import { make } from "./element.js";
import { net, scoring } from "./net.js";

const times = ([height, width]) => `${height} × ${width}`;

/** For each kind a function from a stage to words. */
export const KINDS = {
  input: () => "the picture, as the net takes it",
  conv: (stage) => `convolution ${times(stage.kernel)}${stage.relu ? ", then ReLU" : ""}`,
  maxpool: (stage) => `the largest of ${times(stage.kernel)}`,
  avgpool: (stage) => `the mean of ${times(stage.kernel)}`,
  deconv: (stage) => `upsampling by ${stage.step[0]}, a convolution backwards`,
  crop: () => "a part cut out",
  sum: () => "a sum",
  concat: () => "maps side by side",
  scale: () => "a scale",
  lrn: () => "normalisation among neighbouring maps",
  relu: () => "ReLU",
  other: () => "a layer",
};

/** Return the name of a map: that of the class whose scores it holds, or its number. */
export function mapName(stage, channel) {
  if (channel === null) return "all maps together";
  return scoring.has(stage) ? net.classes[channel].name : `map ${channel}`;
}

/** Return a name that may be broken at its underscores. */
export function breakable(name) {
  return name.split(/(?<=_)/).flatMap((part, place) => (place ? [make("wbr"), part] : [part]));
}

/** Return a number of pixels in words. */
export function pixels(number) {
  return number === 1 ? "pixel" : `${number} pixels`;
}
