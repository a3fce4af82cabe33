import { at, type Node, type SlidingWindow } from '@edm2/tfjs-jit/graph';
import type { Emitter, Lowerings, Ref } from './emitter.js';
import type { NodeAttributes } from './graph-def.js';
import { everyNth, padZeros } from './shape.js';
import { cropped, insertZeros, overPadded, padded, paddingWord, steps, windowOf } from './window.js';

const arg = (node: Node, e: Emitter, index: number): Ref => e.ref(at(node.inputs, index));
const shapeOf = (node: Node, index: number): readonly number[] => at(node.inputs, index).shape;
const outShape = (node: Node): readonly number[] => at(node.outputs, 0).shape;

/** TensorFlow's own: equal strides, no dilation, padding that has a name. */
const isNative = (window: SlidingWindow): boolean =>
  window.strides[0] === window.strides[1] &&
  window.dilations.every((n) => n === 1) &&
  paddingWord(window) !== undefined;

const attributes = (window: SlidingWindow, padding = paddingWord(window) ?? 'VALID'): NodeAttributes => ({
  strides: steps(window.strides),
  dilations: steps([1, 1]),
  data_format: { text: 'NHWC' },
  padding: { text: padding },
});

/** The same window without strides and dilation over the padded image; what it gives is a part of what this one gives. */
function plain(window: SlidingWindow): SlidingWindow {
  const over = overPadded(window);
  const kernel = [0, 1].map((i) => (at(window.kernel, i) - 1) * at(window.dilations, i) + 1) as [number, number];
  return {
    ...over,
    strides: [1, 1],
    dilations: [1, 1],
    kernel,
    to: [over.from[0] - kernel[0] + 1, over.from[1] - kernel[1] + 1],
  };
}

const isSpread = ({ strides, dilations }: SlidingWindow): boolean => [...strides, ...dilations].some((n) => n !== 1);

/** The gradient of what `plain` gives: zeros where the strides skipped. */
function spreadGradient(
  dy: Ref,
  shape: readonly number[],
  window: SlidingWindow,
  to: readonly number[],
  e: Emitter,
): Ref {
  const spread = insertZeros(dy, shape, 1, window.strides, e);
  const missing = [0, 1].map((i): [number, number] => {
    const reached = (at(window.to, i) - 1) * at(window.strides, i) + 1;
    return [0, at(to, i) - reached];
  });
  return missing.every(([, n]) => n === 0) ? spread : padZeros(spread, [[0, 0], ...missing, [0, 0]], e);
}

const imageShape = (shape: readonly number[], { from }: SlidingWindow): number[] => [
  at(shape, 0),
  ...from,
  at(shape, 3),
];

/** Depthwise convolutions and their gradients, NHWC and HWIM. */
export const depthwise: Lowerings = {
  DepthwiseConv2dNative(node, e) {
    const [x, filter] = [arg(node, e, 0), arg(node, e, 1)];
    const window = windowOf(node, shapeOf(node, 0), outShape(node), shapeOf(node, 1));
    if (isNative(window)) return e.op('DepthwiseConv2dNative', [x, filter], attributes(window));
    const image = padded(x, window, e);
    if (!isSpread(window)) return e.op('DepthwiseConv2dNative', [image, filter], attributes(window, 'VALID'));
    const every = plain(window);
    const taps = insertZeros(filter, shapeOf(node, 1), 0, window.dilations, e);
    const all = e.op('DepthwiseConv2dNative', [image, taps], attributes(every, 'VALID'));
    const shape = [at(outShape(node), 0), ...every.to, at(outShape(node), 3)];
    return everyNth(all, shape, [1, ...window.strides, 1], e);
  },
  DepthwiseConv2dNativeBackpropInput(node, e) {
    const [dy, filter] = [arg(node, e, 0), arg(node, e, 1)];
    const window = windowOf(node, outShape(node), shapeOf(node, 0), shapeOf(node, 1));
    const gradient = (shape: readonly number[], taps: Ref, out: Ref, attrs: NodeAttributes): Ref =>
      e.op(
        'DepthwiseConv2dNativeBackpropInput',
        [e.ints(shape), taps, out],
        { ...attrs, T: { type: dy.dtype } },
        dy.dtype,
      );
    if (isNative(window)) return gradient(outShape(node), filter, dy, attributes(window));
    const every = plain(window);
    const taps = insertZeros(filter, shapeOf(node, 1), 0, window.dilations, e);
    const out = spreadGradient(dy, shapeOf(node, 0), window, every.to, e);
    const image = gradient(imageShape(outShape(node), every), taps, out, attributes(every, 'VALID'));
    return cropped(image, window, outShape(node), e);
  },
  DepthwiseConv2dNativeBackpropFilter(node, e) {
    const [x, dy] = [arg(node, e, 0), arg(node, e, 1)];
    const window = windowOf(node, shapeOf(node, 0), shapeOf(node, 1), outShape(node));
    const gradient = (image: Ref, shape: readonly number[], out: Ref, attrs: NodeAttributes): Ref =>
      e.op('DepthwiseConv2dNativeBackpropFilter', [image, e.ints(shape), out], attrs);
    if (isNative(window)) return gradient(x, outShape(node), dy, attributes(window));
    const every = plain(window);
    const out = spreadGradient(dy, shapeOf(node, 1), window, every.to, e);
    const shape = [...every.kernel, ...outShape(node).slice(2)];
    const taps = gradient(padded(x, window, e), shape, out, attributes(every, 'VALID'));
    return everyNth(taps, shape, [...window.dilations, 1, 1], e);
  },
};
