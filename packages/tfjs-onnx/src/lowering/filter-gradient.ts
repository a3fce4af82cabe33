import { at, type Node, numbers, pairs } from '@edm2/tfjs-jit/graph';
import type { Emitter, Lowering } from './emitter.js';

/** Patches larger than this are made and multiplied one filter row at a time, so that they stay near the cache. */
const MAX_PATCH_ELEMENTS = 1 << 22;

/** From this batch on, one product over all pixels beats a product per image whose results must be summed. */
const MIN_ROWS_BATCH = 8;

/** Everything that the ways below share. */
interface Problem {
  readonly x: string;
  readonly dy: string;
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Height and width of the input. */
  readonly image: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly out: readonly [number, number];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** top, left, bottom, right */
  readonly pads: readonly number[];
}

/** Filter gradient `[O, I, kh, kw]` from NCHW input and output gradient, as matrix products. */
export const filterGradient: Lowering = (node, e) => {
  const p = problem(node, e);
  const [kh, kw] = p.kernel;
  if (seesEveryPixelOnce(p) && p.batch < MIN_ROWS_BATCH) return pointwise(p, e);
  const elements = pixels(p) * kh * kw * p.inChannels;
  return elements <= MAX_PATCH_ELEMENTS ? byPatches(p, e) : byRows(p, e);
};

function problem(node: Node, e: Emitter): Problem {
  const [batch, inChannels, height, width] = at(node.inputs, 0).shape as [number, number, number, number];
  const [, outChannels, oh, ow] = at(node.inputs, 1).shape as [number, number, number, number];
  const [, , kh, kw] = at(node.outputs, 0).shape as [number, number, number, number];
  const [, [top, bottom], [left, right]] = pairs(node.attrs, 'pad') as [unknown, [number, number], [number, number]];
  return {
    x: e.name(at(node.inputs, 0)),
    dy: e.name(at(node.inputs, 1)),
    batch,
    inChannels,
    outChannels,
    image: [height, width],
    kernel: [kh, kw],
    out: [oh, ow],
    strides: numbers(node.attrs, 'strides'),
    dilations: numbers(node.attrs, 'dilations'),
    pads: [top, left, bottom, right],
  };
}

/** Output pixels of the whole batch. */
const pixels = (p: Problem): number => p.batch * p.out[0] * p.out[1];

/** 1×1: one product per image, summed over the images; nothing is transposed. */
function pointwise(p: Problem, e: Emitter): string {
  const perImage = p.out[0] * p.out[1];
  const dy = e.reshape(p.dy, [p.batch, p.outChannels, perImage]);
  const x = e.reshape(p.x, [p.batch, p.inChannels, perImage]);
  const products = e.matmul(dy, x, { transposeB: true, rankA: 3, rankB: 3 });
  return e.reshape(e.op('ReduceSum', [products, e.ints([0])], { keepdims: 0 }), [p.outChannels, p.inChannels, 1, 1]);
}

/** Output gradient as a matrix `[O, N·h·w]`. */
const gradientMatrix = (p: Problem, e: Emitter): string =>
  e.once(`dw.dy:${p.dy}`, () => e.reshape(e.transpose(p.dy, [1, 0, 2, 3]), [p.outChannels, pixels(p)]));

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** All taps in one product. */
function byPatches(p: Problem, e: Emitter): string {
  const [kh, kw] = p.kernel;
  const taps = kh * kw;
  const dy = gradientMatrix(p, e);
  const seen = patches(p, count(taps), e);
  // The taps end up innermost: they are moved there on whichever side has fewer elements.
  if (pixels(p) < p.outChannels && taps > 1) {
    const columns = e.once(`dw.columns:${seen}`, () =>
      e.reshape(e.transpose(e.reshape(seen, [pixels(p), taps, p.inChannels]), [0, 2, 1]), [
        pixels(p),
        p.inChannels * taps,
      ]),
    );
    return e.reshape(e.op('MatMul', [dy, columns]), [p.outChannels, p.inChannels, kh, kw]);
  }
  if (taps === 1) return e.reshape(e.op('MatMul', [dy, seen]), [p.outChannels, p.inChannels, kh, kw]);
  const product = e.reshape(e.op('MatMul', [dy, seen]), [p.outChannels, taps, p.inChannels]);
  return e.reshape(e.transpose(product, [0, 2, 1]), [p.outChannels, p.inChannels, kh, kw]);
}

/** One product per filter row. */
function byRows(p: Problem, e: Emitter): string {
  const [kh, kw] = p.kernel;
  const dy = gradientMatrix(p, e);
  const rows = count(kh).map((i) => {
    const taps = count(kw).map((j) => i * kw + j);
    return e.reshape(e.op('MatMul', [dy, patches(p, taps, e)]), [p.outChannels, kw, p.inChannels]);
  });
  const product = rows.length === 1 ? at(rows, 0) : e.op('Concat', rows, { axis: 1 });
  return e.reshape(e.transpose(product, [0, 2, 1]), [p.outChannels, p.inChannels, kh, kw]);
}

/**
 * What some taps of the filter saw at every output pixel, `[N·h·w, taps·I]`, made once for all convolutions that read x.
 *
 * Gathering rows of channels is one operator that copies whole rows on all threads; as slices, each of which copies on one
 * thread, this took most of a training step's time on small images.
 */
const patches = (p: Problem, taps: readonly number[], e: Emitter): string =>
  e.once(`dw.patches:${p.x}:${geometry(p)}:${taps}`, () => {
    const rows = e.once(`dw.rows:${p.x}:${p.pads}`, () => pixelRows(p, e));
    if (seesEveryPixelOnce(p)) return rows;
    const index = e.once(`dw.index:${geometry(p)}:${taps}`, () => {
      const positions = rowOfTap(p, taps);
      return e.tensor(positions, [positions.length], 'int32');
    });
    return e.reshape(e.op('Gather', [rows, index], { axis: 0 }), [pixels(p), taps.length * p.inChannels]);
  });

/** True for a 1×1 filter at stride 1: its patches are the pixels themselves. */
const seesEveryPixelOnce = (p: Problem): boolean =>
  p.kernel.every((k) => k === 1) && p.strides.every((s) => s === 1) && p.pads.every((n) => n === 0);

/** Everything that the positions of taps depend on. */
const geometry = (p: Problem): string =>
  [p.batch, p.image, p.kernel, p.out, p.strides, p.dilations, p.pads].map((n) => `${n}`).join(';');

/** Input as `[padded pixels, I]`: one row of channels per pixel of the padded images. */
function pixelRows(p: Problem, e: Emitter): string {
  const [top, left, bottom, right] = p.pads as [number, number, number, number];
  const last = e.transpose(p.x, [0, 2, 3, 1]);
  const padded = p.pads.every((n) => n === 0)
    ? last
    : e.op('Pad', [last, e.ints([0, top, left, 0, 0, bottom, right, 0])]);
  const [height, width] = [p.image[0] + top + bottom, p.image[1] + left + right];
  return e.reshape(padded, [p.batch * height * width, p.inChannels]);
}

/** For each output pixel and tap, the row of {@link pixelRows} that the tap saw. */
function rowOfTap(p: Problem, taps: readonly number[]): Int32Array {
  const [top, left, bottom, right] = p.pads as [number, number, number, number];
  const [height, width] = [p.image[0] + top + bottom, p.image[1] + left + right];
  const [down, along] = [at(p.strides, 0), at(p.strides, 1)];
  const shifts = taps.map((tap) => {
    const [i, j] = [Math.floor(tap / p.kernel[1]), tap % p.kernel[1]];
    return i * at(p.dilations, 0) * width + j * at(p.dilations, 1);
  });
  const rows = new Int32Array(pixels(p) * taps.length);
  let to = 0;
  for (let n = 0; n < p.batch; n++)
    for (let h = 0; h < p.out[0]; h++)
      for (let w = 0; w < p.out[1]; w++) {
        const corner = (n * height + h * down) * width + w * along;
        for (const shift of shifts) rows[to++] = corner + shift;
      }
  return rows;
}

/** Filter gradient `[I, M, kh, kw]` of a depthwise convolution: products and sums channel by channel. */
export const depthwiseFilterGradient: Lowering = (node, e) => {
  const [n, channels] = at(node.inputs, 0).shape as [number, number, number, number];
  const [, , oh, ow] = at(node.inputs, 1).shape as [number, number, number, number];
  const [, multiplier, kh, kw] = at(node.outputs, 0).shape as [number, number, number, number];
  const p = { ...problem(node, e), kernel: [kh, kw] as const };
  const x = padded(p, e);
  const dy = e.reshape(p.dy, [n, channels, multiplier, oh, ow]);
  const taps = count(kh * kw).map((k) => {
    const seen = e.reshape(tap(x, Math.floor(k / kw), k % kw, p, e), [n, channels, 1, oh, ow]);
    const sums = e.op('ReduceSum', [e.op('Mul', [dy, seen]), e.ints([0, 3, 4])], { keepdims: 0 });
    return e.reshape(sums, [channels, multiplier, 1]);
  });
  const all = taps.length === 1 ? at(taps, 0) : e.op('Concat', taps, { axis: 2 });
  return e.reshape(all, [channels, multiplier, kh, kw]);
};

/** Input with its padding. */
function padded(p: Problem, e: Emitter): string {
  const [top, left, bottom, right] = p.pads as [number, number, number, number];
  return p.pads.every((n) => n === 0) ? p.x : e.op('Pad', [p.x, e.ints([0, 0, top, left, 0, 0, bottom, right])]);
}

/** What tap (i, j) of the filter saw: a slice along the two image axes. */
function tap(x: string, i: number, j: number, p: Problem, e: Emitter): string {
  const starts = [i * at(p.dilations, 0), j * at(p.dilations, 1)];
  const ends = starts.map((start, k) => start + (at(p.out, k) - 1) * at(p.strides, k) + 1);
  const steps = p.strides.some((s) => s !== 1) ? [e.ints(p.strides)] : [];
  return e.op('Slice', [x, e.ints(starts), e.ints(ends), e.ints([2, 3]), ...steps]);
}
