import { at } from '@edm2/tfjs-jit/graph';
import { cast } from './casts.js';
import type { Emitter, Lowerings } from './emitter.js';

/** An int64 zero that is known only when `x` is: no engine simplifies `0·n` for an n that it does not know. */
const zeroAfter = (x: string, e: Emitter): string =>
  e.once(`zero after ${x}`, () => {
    const one = e.op('Gather', [e.reshape(x, [-1]), e.ints([0])]);
    return e.op('Mul', [cast(one, 'int64', e), e.ints([0])]);
  });

/** `x − zero`, which is x for every x. */
const minusZero = (x: string, zero: string, dtype: string, rank: number, e: Emitter): string =>
  e.op(dtype === 'bool' ? 'Or' : 'Sub', [x, e.reshape(zero, new Array<number>(rank).fill(1))]);

/** Kernels that say when something may be computed. */
export const order: Lowerings = {
  // The only element of a table of zeros, or one behind it, which runtimes refuse.
  Require(node, e) {
    const [x, wrong] = [at(node.inputs, 0), at(node.inputs, 1)];
    const zero = e.op('Gather', [e.tensor(Int32Array.of(0), [1], 'int32'), e.name(wrong)]);
    return minusZero(e.name(x), cast(zero, x.dtype, e), x.dtype, x.shape.length, e);
  },
  // x − 0 is x for every x, and may be computed in place. An Identity would be removed, and so would a Reshape to a shape
  // that is computed, where ONNX Runtime (1.30) does not fail on merging it with the next Reshape.
  Barrier(node, e) {
    const { shape, dtype } = at(node.inputs, 0);
    const [x = '', ...after] = node.inputs.map((value) => e.name(value));
    const zero = e.once(`${dtype} zero of rank ${shape.length} after ${after}`, () => {
      const zeros = after.map((name) => zeroAfter(name, e)).reduce((a, b) => e.op('Add', [a, b]));
      return e.reshape(cast(zeros, dtype, e), new Array<number>(shape.length).fill(1));
    });
    return e.op(dtype === 'bool' ? 'Or' : 'Sub', [x, zero]);
  },
};
