/** What the kinds of layers are called. */

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
