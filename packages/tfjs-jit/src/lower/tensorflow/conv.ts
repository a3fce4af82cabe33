import type { Node } from '../../graph/graph.js';
import { at } from '../../kernels/spec.js';
import type { Emitter, Lowerings, Ref } from './emitter.js';
import type { NodeAttributes } from './graph-def.js';
import { everyNth } from './shape.js';
import { insertZeros, paddingAttributes, steps, type Window, windowOf } from './window.js';

const arg = (node: Node, e: Emitter, index: number): Ref => e.ref(at(node.inputs, index));
const shapeOf = (node: Node, index: number): readonly number[] => at(node.inputs, index).shape;
const outShape = (node: Node): readonly number[] => at(node.outputs, 0).shape;

const attributes = (window: Window): NodeAttributes => ({
  strides: steps(window.strides),
  dilations: steps(window.dilations),
  data_format: { text: 'NHWC' },
  ...paddingAttributes(window),
});

const isDilated = ({ dilations }: Window): boolean => dilations.some((n) => n !== 1);

/** The same convolution with the zeros between its taps written out: TensorFlow's gradients know no dilation on a CPU. */
const undilated = (window: Window): Window => ({
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
    const window = windowOf(node, shapeOf(node, 0), shapeOf(node, 1), outShape(node));
    const [x, dy] = [arg(node, e, 0), arg(node, e, 1)];
    const used = isDilated(window) ? undilated(window) : window;
    const shape = [...used.kernel, ...outShape(node).slice(2)];
    const gradient = e.op('Conv2DBackpropFilter', [x, e.ints(shape), dy], attributes(used));
    return isDilated(window) ? everyNth(gradient, shape, [...window.dilations, 1, 1], e) : gradient;
  },
};
