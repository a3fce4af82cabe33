import {
  add,
  backend_util,
  conv2d,
  depthwiseConv2d,
  matMul,
  type Tensor,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Attributes } from '../graph/graph.js';
import { type Decompositions, input, type NamedTensors, run } from './decomposition.js';

type Conv2dArgs = Parameters<typeof conv2d>;

/** Adds the bias and applies the activation that a fused kernel has behind its product. */
function finish(product: Tensor, inputs: NamedTensors, attrs: Attributes): Tensor {
  const { bias, preluActivationWeights } = inputs;
  const sum = bias === undefined || bias === null ? product : add(product, bias);
  const activation = (attrs['activation'] ?? 'linear') as Parameters<typeof backend_util.applyActivation>[1];
  return backend_util.applyActivation(
    sum,
    activation,
    preluActivationWeights ?? undefined,
    attrs['leakyreluAlpha'] as number | undefined,
  );
}

const convolve = (x: Tensor4D, filter: Tensor4D, attrs: Attributes): Tensor4D =>
  conv2d(
    x,
    filter,
    attrs['strides'] as Conv2dArgs[2],
    attrs['pad'] as Conv2dArgs[3],
    'NHWC',
    attrs['dilations'] as [number, number],
    attrs['dimRoundingMode'] as Conv2dArgs[6],
  );

const channelsLast = (x: Tensor): Tensor4D => transpose(x as Tensor4D, [0, 2, 3, 1]);
const channelsFirst = (x: Tensor): Tensor4D => transpose(x as Tensor4D, [0, 3, 1, 2]);
const isChannelsFirst = (attrs: Attributes): boolean => attrs['dataFormat'] === 'NCHW';
const channelsLastShape = ([n, c, h, w]: readonly number[]): (number | undefined)[] => [n, h, w, c];

/** Explicit padding lists one pair per axis: the channels' pair moves behind those of the image. */
function nhwc(attrs: Attributes): Attributes {
  const pad = attrs['pad'];
  return { ...attrs, dataFormat: 'NHWC', pad: Array.isArray(pad) ? channelsLastShape(pad) : pad };
}

/** Kernels that do several things at once, and convolutions on NCHW: the layout pass moves nothing for these. */
export const fused: Decompositions = {
  _FusedMatMul: (inputs, attrs) =>
    finish(
      matMul(input(inputs, 'a'), input(inputs, 'b'), attrs['transposeA'] === true, attrs['transposeB'] === true),
      inputs,
      attrs,
    ),
  FusedConv2D(inputs, attrs) {
    const [x, filter] = [input<Tensor4D>(inputs, 'x'), input<Tensor4D>(inputs, 'filter')];
    if (!isChannelsFirst(attrs)) return finish(convolve(x, filter, attrs), inputs, attrs);
    return finish(channelsFirst(convolve(channelsLast(x), filter, nhwc(attrs))), inputs, attrs);
  },
  FusedDepthwiseConv2D: (inputs, attrs) =>
    finish(
      depthwiseConv2d(
        input<Tensor4D>(inputs, 'x'),
        input<Tensor4D>(inputs, 'filter'),
        attrs['strides'] as [number, number],
        attrs['pad'] as 'same' | 'valid',
        'NHWC',
        attrs['dilations'] as [number, number],
        attrs['dimRoundingMode'] as Conv2dArgs[6],
      ),
      inputs,
      attrs,
    ),
  Conv2D: (inputs, attrs) =>
    isChannelsFirst(attrs)
      ? channelsFirst(convolve(channelsLast(input(inputs, 'x')), input<Tensor4D>(inputs, 'filter'), nhwc(attrs)))
      : undefined,
  Conv2DBackpropInput(inputs, attrs) {
    if (!isChannelsFirst(attrs)) return undefined;
    const inputShape = channelsLastShape(attrs['inputShape'] as number[]);
    const given = { dy: channelsLast(input(inputs, 'dy')), filter: input(inputs, 'filter') };
    return channelsFirst(run('Conv2DBackpropInput', given, { ...nhwc(attrs), inputShape }));
  },
  Conv2DBackpropFilter(inputs, attrs) {
    if (!isChannelsFirst(attrs)) return undefined;
    const given = { x: channelsLast(input(inputs, 'x')), dy: channelsLast(input(inputs, 'dy')) };
    return run('Conv2DBackpropFilter', given, nhwc(attrs));
  },
};
