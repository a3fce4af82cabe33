import { at, type Node, reach, type SlidingWindow, type Two } from '@edm2/tfjs-jit/graph';
import { type Emitter, type Lowerings, longs, type Ref } from './emitter.js';
import { precisionOf } from './matmul.js';
import { reversed } from './shape.js';
import { windowOf } from './window.js';

const arg = (node: Node, e: Emitter, index: number): Ref => e.ref(at(node.inputs, index));
const outShape = (node: Node): readonly number[] => at(node.outputs, 0).shape;

interface Convolution {
  readonly dims: string;
  readonly pads: readonly [Two, Two];
  readonly strides?: Two;
  readonly leftDilation?: Two;
  readonly rightDilation?: Two;
  readonly featureGroups?: number;
  readonly batchGroups?: number;
}

/** Results have the operands' type: that of 16 bit is what tensor cores add up in float32 and round once. */
function convolution(x: Ref, filter: Ref, shape: readonly number[], c: Convolution, e: Emitter): Ref {
  const { strides = [1, 1], leftDilation = [1, 1], rightDilation = [1, 1], featureGroups = 1, batchGroups = 1 } = c;
  const attributes = [
    `window_strides = ${longs(strides)}`,
    `padding = dense<[${c.pads.map((pad) => `[${pad}]`)}]> : tensor<2x2xi64>`,
    `lhs_dilation = ${longs(leftDilation)}`,
    `rhs_dilation = ${longs(rightDilation)}`,
    `dimension_numbers = #stablehlo.conv<${c.dims}>`,
    `feature_group_count = ${featureGroups} : i64`,
    `batch_group_count = ${batchGroups} : i64`,
  ];
  return e.op('convolution', [x, filter], { shape }, attributes.join(', ') + precisionOf(x, e));
}

const FORWARD = '[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]';
/** The filter's inputs and outputs change places. */
const TO_INPUT = '[b, 0, 1, f]x[0, 1, o, i]->[b, 0, 1, f]';
/** Sums over the batch, of which every image is a channel here. */
const TO_FILTER = '[f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f]';

const both = (along: (i: 0 | 1) => Two): readonly [Two, Two] => [along(0), along(1)];

/** Padding of the gradient to the image: as far as the reversed filter reaches beyond the windows. */
const inputPads = (w: SlidingWindow): readonly [Two, Two] =>
  both((i) => {
    const before = reach(w, i) - 1 - w.pads[i][0];
    const spread = (w.to[i] - 1) * w.strides[i] + 1;
    return [before, w.from[i] + reach(w, i) - 1 - spread - before];
  });

/** Padding of the gradient to the filter: exactly its taps come out. */
const filterPads = (w: SlidingWindow): readonly [Two, Two] =>
  both((i) => {
    const before = w.pads[i][0];
    return [before, reach(w, i) + (w.to[i] - 1) * w.strides[i] - w.from[i] - before];
  });

/** A reversed filter as an op of its own, which XLA recognises as the gradient that cuDNN has. */
const turned = (filter: Ref, e: Emitter): Ref => reversed(filter, [0, 1], e);

/** A depthwise filter `[h, w, channels, multiplier]` as grouped convolutions take it: `[h, w, 1, channels·multiplier]`. */
const grouped = (filter: Ref, e: Emitter): Ref => {
  const [h, w, c, m] = filter.shape as [number, number, number, number];
  return e.reshape(filter, [h, w, 1, c * m]);
};

/** Convolutions and their gradients, NHWC and HWIO; depthwise ones HWIM. */
export const convolutions: Lowerings = {
  Conv2D(node, e) {
    const [x, filter] = [arg(node, e, 0), arg(node, e, 1)];
    const w = windowOf(node, x.shape, outShape(node), filter.shape);
    const { pads, strides, dilations } = w;
    return convolution(x, filter, outShape(node), { dims: FORWARD, pads, strides, rightDilation: dilations }, e);
  },
  Conv2DBackpropInput(node, e) {
    const [dy, filter] = [arg(node, e, 0), arg(node, e, 1)];
    const w = windowOf(node, outShape(node), dy.shape, filter.shape);
    const { strides: leftDilation, dilations: rightDilation } = w;
    const c = { dims: TO_INPUT, pads: inputPads(w), leftDilation, rightDilation };
    return convolution(dy, turned(filter, e), outShape(node), c, e);
  },
  Conv2DBackpropFilter(node, e) {
    const [x, dy] = [arg(node, e, 0), arg(node, e, 1)];
    const w = windowOf(node, x.shape, dy.shape, outShape(node));
    const { strides: rightDilation, dilations: strides } = w;
    const c = { dims: TO_FILTER, pads: filterPads(w), strides, rightDilation };
    return e.inRows(convolution(x, dy, outShape(node), c, e));
  },
  DepthwiseConv2dNative(node, e) {
    const [x, filter] = [arg(node, e, 0), arg(node, e, 1)];
    const w = windowOf(node, x.shape, outShape(node), filter.shape);
    const { pads, strides, dilations: rightDilation } = w;
    const c = { dims: FORWARD, pads, strides, rightDilation, featureGroups: at(x.shape, 3) };
    return convolution(x, grouped(filter, e), outShape(node), c, e);
  },
  DepthwiseConv2dNativeBackpropInput(node, e) {
    const [dy, filter] = [arg(node, e, 0), arg(node, e, 1)];
    const w = windowOf(node, outShape(node), dy.shape, filter.shape);
    const { strides: leftDilation, dilations: rightDilation } = w;
    const c = { dims: FORWARD, pads: inputPads(w), leftDilation, rightDilation, featureGroups: at(filter.shape, 2) };
    return convolution(dy, e.transpose(turned(filter, e), [0, 1, 3, 2]), outShape(node), c, e);
  },
  DepthwiseConv2dNativeBackpropFilter(node, e) {
    const [x, dy] = [arg(node, e, 0), arg(node, e, 1)];
    const w = windowOf(node, x.shape, dy.shape, outShape(node));
    const [h, width, channels, multiplier] = outShape(node) as [number, number, number, number];
    const { strides: rightDilation, dilations: strides } = w;
    const c = { dims: TO_FILTER, pads: filterPads(w), strides, rightDilation, batchGroups: channels };
    return e.reshape(convolution(x, dy, [h, width, 1, channels * multiplier], c, e), outShape(node));
  },
};
