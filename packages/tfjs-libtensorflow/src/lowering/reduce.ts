import { at, type Node, number, numbers } from '@edm2/tfjs-jit/graph';
import type { Emitter, Lowering, Lowerings, Ref } from './emitter.js';

const arg = (node: Node, e: Emitter): Ref => e.ref(at(node.inputs, 0));

function reduce(type: string, x: Ref, node: Node, e: Emitter): Ref {
  const axes = numbers(node.attrs, 'axis');
  if (axes.length === 0) return e.op('Identity', [x]);
  const attrs = { keep_dims: { bool: node.attrs['keepDims'] === true }, Tidx: { type: 'int32' } } as const;
  if (x.dtype === 'bool') return at(e.node(type, [x, e.ints(axes)], attrs, ['bool']), 0);
  return e.op(type, [x, e.ints(axes)], attrs);
}

/** A number for every element: most ops take no bool. */
const numeric = (node: Node, e: Emitter): Ref => {
  const x = arg(node, e);
  return x.dtype === 'bool' ? e.cast(x, 'int32') : x;
};

const reducing =
  (type: string): Lowering =>
  (node, e) =>
    e.cast(reduce(type, numeric(node, e), node, e), at(node.outputs, 0).dtype);

const logical =
  (type: string): Lowering =>
  (node, e) =>
    reduce(type, arg(node, e), node, e);

const argument =
  (type: string): Lowering =>
  (node, e) => {
    const axis = e.scalar(number(node.attrs, 'axis'), 'int32');
    return e.op(type, [numeric(node, e), axis], { Tidx: { type: 'int32' }, output_type: { type: 'int32' } }, 'int32');
  };

/** Kernels along whole axes. */
export const reductions: Lowerings = {
  Sum: reducing('Sum'),
  Mean: (node, e) => reduce('Mean', e.cast(arg(node, e), 'float32'), node, e),
  Max: reducing('Max'),
  Min: reducing('Min'),
  Prod: reducing('Prod'),
  All: logical('All'),
  Any: logical('Any'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  Softmax: (node, e) => e.op('Softmax', [arg(node, e)]),
  LogSoftmax: (node, e) => e.op('LogSoftmax', [arg(node, e)]),
  Cumsum: (node, e) =>
    e.op('Cumsum', [numeric(node, e), e.scalar(number(node.attrs, 'axis'), 'int32')], {
      exclusive: { bool: node.attrs['exclusive'] === true },
      reverse: { bool: node.attrs['reverse'] === true },
      Tidx: { type: 'int32' },
    }),
};
