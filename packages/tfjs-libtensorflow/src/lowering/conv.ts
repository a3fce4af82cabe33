import { at, type Node, type SlidingWindow } from '@edm2/tfjs-jit/graph';
import type { Emitter, Lowerings, Ref } from './emitter.js';
import type { NodeAttributes } from './graph-def.js';
import { everyNth } from './shape.js';
import { insertZeros, overPadded, padded, paddingAttributes, steps, windowOf } from './window.js';

const arg = (node: Node, e: Emitter, index: number): Ref => e.ref(at(node.inputs, index));
const shapeOf = (node: Node, index: number): readonly number[] => at(node.inputs, index).shape;
const outShape = (node: Node): readonly number[] => at(node.outputs, 0).shape;

const attributes = (window: SlidingWindow): NodeAttributes => ({
  strides: steps(window.strides),
  dilations: steps(window.dilations),
  data_format: { text: 'NHWC' },
  ...paddingAttributes(window),
});

const isDilated = ({ dilations }: SlidingWindow): boolean => dilations.some((n) => n !== 1);

/** The same convolution with the zeros between its taps written out: TensorFlow's gradients know no dilation on a CPU. */
const undilated = (window: SlidingWindow): SlidingWindow => ({
  ...window,
  dilations: [1, 1],
  kernel: [(window.kernel[0] - 1) * window.dilations[0] + 1, (window.kernel[1] - 1) * window.dilations[1] + 1],
});

/** Convolutions and their gradients, NHWC and HWIO. */
export const convolutions: Lowerings = {
  Conv2D(node, e) {
    const window = windowOf(node, shapeOf(node, 0), outShape(node), shapeOf(node, 1));
    return e.op('Conv2D', [arg(node, e, 0), arg(node, e, 1)], attributes(window));
  },
  Conv2DBackpropInput(node, e) {
    const window = windowOf(node, outShape(node), shapeOf(node, 0), shapeOf(node, 1));
    const [dy, filter] = [arg(node, e, 0), arg(node, e, 1)];
    const attrs = { ...attributes(isDilated(window) ? undilated(window) : window), T: { type: dy.dtype } };
    const taps = insertZeros(filter, shapeOf(node, 1), 0, window.dilations, e);
    return e.op('Conv2DBackpropInput', [e.ints(outShape(node)), taps, dy], attrs, dy.dtype);
  },
  Conv2DBackpropFilter(node, e) {
    const given = windowOf(node, shapeOf(node, 0), shapeOf(node, 1), outShape(node));
    const [x, dy] = [arg(node, e, 0), arg(node, e, 1)];
    const [image, window] = isUnevenPoint(given) ? pointsSeen(x, shapeOf(node, 0), given, e) : [x, given];
    const used = isDilated(window) ? undilated(window) : window;
    const shape = [...used.kernel, ...outShape(node).slice(2)];
    const gradient = e.op('Conv2DBackpropFilter', [image, e.ints(shape), dy], attributes(used));
    return isDilated(window) ? everyNth(gradient, shape, [...window.dilations, 1, 1], e) : gradient;
  },
};

/** A 1×1 window with different strides: TensorFlow 2.21 writes outside its memory there. */
const isUnevenPoint = ({ kernel, strides }: SlidingWindow): boolean =>
  kernel.every((n) => n === 1) && strides[0] !== strides[1];

/** The pixels that a 1×1 window sees, and the window of stride 1 that sees them all. */
function pointsSeen(x: Ref, shape: readonly number[], window: SlidingWindow, e: Emitter): [Ref, SlidingWindow] {
  const { from } = overPadded(window);
  const image = [at(shape, 0), ...from, at(shape, 3)];
  const seen = everyNth(padded(x, window, e), image, [1, ...window.strides, 1], e);
  return [seen, { ...overPadded(window), strides: [1, 1], dilations: [1, 1], from: window.to }];
}
