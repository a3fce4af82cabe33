import type { Node } from '../../graph/graph.js';
import { at, numbers, pairs } from '../../kernels/spec.js';
import type { Emitter, Lowering } from './emitter.js';

/** At and above this height the taps of one filter row share a product. */
const MIN_ROWS = 32;
/** At and above this height each tap is a product of its own; below, all taps share one. */
const MIN_TAPS = 16;

/** Everything that the ways below share. */
interface Problem {
  readonly x: string;
  readonly dy: string;
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: readonly [number, number];
  readonly out: readonly [number, number];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** top, left, bottom, right */
  readonly pads: readonly number[];
}

/** Filter gradient `[O, I, kh, kw]` from NCHW input and output gradient, in the way that is fastest at its size. */
export const filterGradient: Lowering = (node, e) => {
  const p = problem(node, e);
  const [kh, kw] = p.kernel;
  if (kh * kw === 1 && [...p.strides].every((s) => s === 1) && p.pads.every((n) => n === 0)) return pointwise(p, e);
  if (p.out[0] >= MIN_ROWS) return byRows(p, e);
  if (p.out[0] >= MIN_TAPS) return byTaps(p, e);
  return byPatches(p, e);
};

function problem(node: Node, e: Emitter): Problem {
  const [batch, inChannels] = at(node.inputs, 0).shape as [number, number, number, number];
  const [, outChannels, oh, ow] = at(node.inputs, 1).shape as [number, number, number, number];
  const [, , kh, kw] = at(node.outputs, 0).shape as [number, number, number, number];
  const [, [top, bottom], [left, right]] = pairs(node.attrs, 'pad') as [unknown, [number, number], [number, number]];
  return {
    x: e.name(at(node.inputs, 0)),
    dy: e.name(at(node.inputs, 1)),
    batch,
    inChannels,
    outChannels,
    kernel: [kh, kw],
    out: [oh, ow],
    strides: numbers(node.attrs, 'strides'),
    dilations: numbers(node.attrs, 'dilations'),
    pads: [top, left, bottom, right],
  };
}

/** 1×1: one product per image, summed over the images; nothing is transposed. */
function pointwise(p: Problem, e: Emitter): string {
  const pixels = p.out[0] * p.out[1];
  const dy = e.reshape(p.dy, [p.batch, p.outChannels, pixels]);
  const x = e.reshape(p.x, [p.batch, p.inChannels, pixels]);
  const perImage = e.matmul(dy, x, { transposeB: true, rankA: 3, rankB: 3 });
  return e.reshape(e.op('ReduceSum', [perImage, e.ints([0])], { keepdims: 0 }), [p.outChannels, p.inChannels, 1, 1]);
}

/** Output gradient as a matrix `[O, N·h·w]`. */
const gradientMatrix = (p: Problem, e: Emitter): string =>
  e.once(`dw.dy:${p.dy}`, () =>
    e.reshape(e.transpose(p.dy, [1, 0, 2, 3]), [p.outChannels, p.batch * p.out[0] * p.out[1]]),
  );

const padded = (x: string, pads: readonly number[], channelsLast: boolean, e: Emitter): string => {
  if (pads.every((n) => n === 0)) return x;
  const [top, left, bottom, right] = pads as [number, number, number, number];
  return e.op('Pad', [
    x,
    e.ints(channelsLast ? [0, top, left, 0, 0, bottom, right, 0] : [0, 0, top, left, 0, 0, bottom, right]),
  ]);
};

/** What tap (i, j) of the filter saw: a slice along the two image axes, which start at `axis`. */
function tap(x: string, i: number, j: number, axis: number, p: Problem, e: Emitter): string {
  const starts = [i * at(p.dilations, 0), j * at(p.dilations, 1)];
  const ends = starts.map((start, k) => start + (at(p.out, k) - 1) * at(p.strides, k) + 1);
  const steps = p.strides.some((s) => s !== 1) ? [e.ints(p.strides)] : [];
  return e.op('Slice', [x, e.ints(starts), e.ints(ends), e.ints([axis, axis + 1]), ...steps]);
}

/** Key of what is derived from an input, shared between the convolutions that read it. */
const inputKey = (kind: string, p: Problem): string =>
  `dw.${kind}:${p.x}:${p.pads}:${p.kernel}:${p.strides}:${p.dilations}:${p.out}`;

/** Input as `[I, N, h, w]`, padded. */
const channelsFirst = (p: Problem, e: Emitter): string =>
  e.once(`dw.x:${p.x}:${p.pads}`, () => e.transpose(padded(p.x, p.pads, false, e), [1, 0, 2, 3]));

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** One product per filter row: the row's taps side by side. */
function byRows(p: Problem, e: Emitter): string {
  const [kh, kw] = p.kernel;
  const pixels = p.batch * p.out[0] * p.out[1];
  const x = channelsFirst(p, e);
  const dy = gradientMatrix(p, e);
  const rows = count(kh).map((i) => {
    const columns = e.once(`${inputKey('row', p)}:${i}`, () => {
      const taps = count(kw).map((j) => e.reshape(tap(x, i, j, 2, p, e), [p.inChannels, 1, pixels]));
      return e.reshape(kw === 1 ? at(taps, 0) : e.op('Concat', taps, { axis: 1 }), [p.inChannels * kw, pixels]);
    });
    return e.reshape(e.matmul(dy, columns, { transposeB: true, rankA: 2, rankB: 2 }), [
      p.outChannels,
      p.inChannels,
      1,
      kw,
    ]);
  });
  return kh === 1 ? at(rows, 0) : e.op('Concat', rows, { axis: 2 });
}

/** One product per tap. */
function byTaps(p: Problem, e: Emitter): string {
  const [kh, kw] = p.kernel;
  const pixels = p.batch * p.out[0] * p.out[1];
  const x = channelsFirst(p, e);
  const dy = gradientMatrix(p, e);
  const taps = count(kh * kw).map((k) => {
    const seen = e.once(`${inputKey('tap', p)}:${k}`, () =>
      e.reshape(tap(x, Math.floor(k / kw), k % kw, 2, p, e), [p.inChannels, pixels]),
    );
    return e.reshape(e.matmul(dy, seen, { transposeB: true, rankA: 2, rankB: 2 }), [p.outChannels, p.inChannels, 1]);
  });
  const all = taps.length === 1 ? at(taps, 0) : e.op('Concat', taps, { axis: 2 });
  return e.reshape(all, [p.outChannels, p.inChannels, kh, kw]);
}

/** All taps in one product: patches `[N·h·w, taps·I]`, channels innermost so that copying them is fast. */
function byPatches(p: Problem, e: Emitter): string {
  const [kh, kw] = p.kernel;
  const taps = kh * kw;
  const pixels = p.batch * p.out[0] * p.out[1];
  const patches = e.once(inputKey('patches', p), () => {
    const x = padded(e.transpose(p.x, [0, 2, 3, 1]), p.pads, true, e);
    const parts = count(taps).map((k) => tap(x, Math.floor(k / kw), k % kw, 1, p, e));
    return e.reshape(parts.length === 1 ? at(parts, 0) : e.op('Concat', parts, { axis: 3 }), [
      pixels,
      taps * p.inChannels,
    ]);
  });
  const product = e.op('MatMul', [gradientMatrix(p, e), patches]);
  const byChannel = e.transpose(e.reshape(product, [p.outChannels, taps, p.inChannels]), [0, 2, 1]);
  return e.reshape(byChannel, [p.outChannels, p.inChannels, kh, kw]);
}

/** Filter gradient `[I, M, kh, kw]` of a depthwise convolution: products and sums channel by channel. */
export const depthwiseFilterGradient: Lowering = (node, e) => {
  const [n, channels] = at(node.inputs, 0).shape as [number, number, number, number];
  const [, , oh, ow] = at(node.inputs, 1).shape as [number, number, number, number];
  const [, multiplier, kh, kw] = at(node.outputs, 0).shape as [number, number, number, number];
  const p = { ...problem(node, e), kernel: [kh, kw] as const };
  const x = padded(p.x, p.pads, false, e);
  const dy = e.reshape(p.dy, [n, channels, multiplier, oh, ow]);
  const taps = count(kh * kw).map((k) => {
    const seen = e.reshape(tap(x, Math.floor(k / kw), k % kw, 2, p, e), [n, channels, 1, oh, ow]);
    const sums = e.op('ReduceSum', [e.op('Mul', [dy, seen]), e.ints([0, 3, 4])], { keepdims: 0 });
    return e.reshape(sums, [channels, multiplier, 1]);
  });
  const all = taps.length === 1 ? at(taps, 0) : e.op('Concat', taps, { axis: 2 });
  return e.reshape(all, [channels, multiplier, kh, kw]);
};
