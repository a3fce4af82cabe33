import { at, type Node, numbers, pairs } from '@edm2/tfjs-jit/graph';
import type { Emitter, Lowering, Lowerings, OnnxAttributes } from './emitter.js';
import { depthwiseFilterGradient, filterGradient } from './filter-gradient.js';

/** From this many pixels in the batch on, a convolution with turned filters is the faster input gradient: turning costs the same for any. */
const MIN_TURNED_PIXELS = 1024;

/** Window attributes of a canonical kernel as ONNX spells them. */
export function windowAttributes(node: Node): { strides: number[]; dilations: number[]; pads: number[] } {
  const [, rows, columns] = pairs(node.attrs, 'pad');
  const [top, bottom] = rows ?? [0, 0];
  const [left, right] = columns ?? [0, 0];
  return {
    strides: numbers(node.attrs, 'strides'),
    dilations: numbers(node.attrs, 'dilations'),
    pads: [top, left, bottom, right],
  };
}

const arg = (node: Node, e: Emitter, index: number): string => e.name(at(node.inputs, index));

const conv: Lowering = (node, e) => {
  const kernel_shape = at(node.inputs, 1).shape.slice(2);
  return e.op('Conv', [arg(node, e, 0), arg(node, e, 1)], { ...windowAttributes(node), kernel_shape });
};

/** Input gradient: the transposed convolution; output padding makes up for rows that the strides skipped. */
function transposed(
  dy: string,
  filter: string,
  node: Node,
  kernel: readonly number[],
  extra: OnnxAttributes,
  e: Emitter,
): string {
  const attrs = windowAttributes(node);
  const dyShape = at(node.inputs, 0).shape;
  const outShape = at(node.outputs, 0).shape;
  const output_padding = [0, 1].map((i) => {
    const reached = at(attrs.strides, i) * (at(dyShape, i + 2) - 1) + at(attrs.dilations, i) * (at(kernel, i) - 1) + 1;
    return at(outShape, i + 2) - (reached - at(attrs.pads, i) - at(attrs.pads, i + 2));
  });
  // Rows that no window reached have gradient zero; runtimes limit output_padding to the stride, so those are padded.
  const rest = output_padding.map((n, i) => Math.max(0, n - (at(attrs.strides, i) - 1)));
  const inside = output_padding.map((n, i) => n - at(rest, i));
  const dx = e.op('ConvTranspose', [dy, filter], { ...attrs, ...extra, kernel_shape: kernel, output_padding: inside });
  if (rest.every((n) => n === 0)) return dx;
  return e.op('Pad', [dx, e.ints([0, 0, 0, 0, 0, 0, ...rest])]);
}

const inputGradient: Lowering = (node, e) => {
  const [outChannels, inChannels, kh, kw] = at(node.inputs, 1).shape as [number, number, number, number];
  const { strides, dilations, pads } = windowAttributes(node);
  const dy = arg(node, e, 0);
  const filter = arg(node, e, 1);
  const plain = [...strides, ...dilations].every((n) => n === 1);
  const [batch, , height, width] = at(node.outputs, 0).shape as [number, number, number, number];
  if (plain && kh === 1 && kw === 1 && pads.every((p) => p === 0)) {
    return e.op('Conv', [dy, e.once(`swap:${filter}`, () => e.transpose(filter, [1, 0, 2, 3]))], {
      kernel_shape: [1, 1],
    });
  }
  const turnedPads = [kh - 1 - at(pads, 0), kw - 1 - at(pads, 1), kh - 1 - at(pads, 2), kw - 1 - at(pads, 3)];
  if (!plain || batch * height * width < MIN_TURNED_PIXELS || turnedPads.some((p) => p < 0))
    return transposed(dy, filter, node, [kh, kw], {}, e);
  return e.op('Conv', [dy, turned(filter, outChannels, inChannels, kh * kw, [kh, kw], e)], {
    pads: turnedPads,
    kernel_shape: [kh, kw],
  });
};

/** Filters with swapped channels and taps in reverse order; a product with a permutation matrix beats slicing backwards. */
function turned(
  filter: string,
  outChannels: number,
  inChannels: number,
  taps: number,
  kernel: number[],
  e: Emitter,
): string {
  return e.once(`turned:${filter}`, () => {
    const reversal = e.once(`reversal:${taps}`, () => {
      const matrix = new Float32Array(taps * taps);
      for (let i = 0; i < taps; i++) matrix[i * taps + taps - 1 - i] = 1;
      return e.tensor(matrix, [taps, taps], 'float32');
    });
    const swapped = e.transpose(e.reshape(filter, [outChannels, inChannels, taps]), [1, 0, 2]);
    const rows = e.op('MatMul', [e.reshape(swapped, [inChannels * outChannels, taps]), reversal]);
    return e.reshape(rows, [inChannels, outChannels, ...kernel]);
  });
}

/** Depthwise filters come as `[I, M, kh, kw]`; ONNX has them as `[I·M, 1, kh, kw]` in `I` groups. */
const depthwiseFilter = (node: Node, e: Emitter): { name: string; group: number; kernel: number[] } => {
  const [channels, multiplier, kh, kw] = at(node.inputs, 1).shape as [number, number, number, number];
  return { name: e.reshape(arg(node, e, 1), [channels * multiplier, 1, kh, kw]), group: channels, kernel: [kh, kw] };
};

/** Convolutions and their gradients, on NCHW and OIHW. */
export const convolutions: Lowerings = {
  Conv2D: conv,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
  DepthwiseConv2dNative(node, e) {
    const { name, group, kernel } = depthwiseFilter(node, e);
    return e.op('Conv', [arg(node, e, 0), name], { ...windowAttributes(node), kernel_shape: kernel, group });
  },
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
  DepthwiseConv2dNativeBackpropInput(node, e) {
    const { name, group, kernel } = depthwiseFilter(node, e);
    return transposed(arg(node, e, 0), name, node, kernel, { group }, e);
  },
};
