import { at, type Node, number, numbers } from '@edm2/tfjs-jit/graph';
import { cast } from './casts.js';
import type { Emitter, Lowering, Lowerings } from './emitter.js';

/** Before opset 18 only ReduceSum takes its axes as an input. */
function reduce(type: string, x: string, node: Node, e: Emitter): string {
  const axes = numbers(node.attrs, 'axis');
  if (axes.length === 0) return e.op('Identity', [x]);
  const keepdims = node.attrs['keepDims'] === true ? 1 : 0;
  if (type === 'ReduceSum') return e.op(type, [x, e.ints(axes)], { keepdims });
  return e.op(type, [x], { axes, keepdims });
}

const arg = (node: Node, e: Emitter): string => e.name(at(node.inputs, 0));
const dtype = (node: Node): string => at(node.inputs, 0).dtype;

const logical =
  (type: string): Lowering =>
  (node, e) =>
    cast(reduce(type, cast(arg(node, e), 'int32', e), node, e), 'bool', e);

/** A number for every element: most operators take no bool. */
const numeric = (node: Node, e: Emitter): string =>
  dtype(node) === 'bool' ? cast(arg(node, e), 'int32', e) : arg(node, e);

const extremum =
  (type: string): Lowering =>
  (node, e) => {
    const made = reduce(type, numeric(node, e), node, e);
    return dtype(node) === 'bool' ? cast(made, 'bool', e) : made;
  };

const argument =
  (type: string): Lowering =>
  (node, e) =>
    cast(e.op(type, [numeric(node, e)], { axis: number(node.attrs, 'axis'), keepdims: 0 }), 'int32', e);

/** Kernels along whole axes. */
export const reductions: Lowerings = {
  Sum: (node, e) => reduce('ReduceSum', numeric(node, e), node, e),
  Mean: (node, e) =>
    reduce('ReduceMean', dtype(node) === 'float32' ? arg(node, e) : cast(arg(node, e), 'float32', e), node, e),
  Max: extremum('ReduceMax'),
  Min: extremum('ReduceMin'),
  Prod: (node, e) => reduce('ReduceProd', numeric(node, e), node, e),
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  Softmax: (node, e) => e.op('Softmax', [arg(node, e)], { axis: -1 }),
  LogSoftmax: (node, e) => e.op('LogSoftmax', [arg(node, e)], { axis: -1 }),
  Cumsum: (node, e) =>
    e.op('CumSum', [numeric(node, e), e.int(number(node.attrs, 'axis'))], {
      exclusive: node.attrs['exclusive'] === true ? 1 : 0,
      reverse: node.attrs['reverse'] === true ? 1 : 0,
    }),
};
