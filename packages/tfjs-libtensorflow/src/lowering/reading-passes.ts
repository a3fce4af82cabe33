import { at, type Node, numbers, sizeOf } from '@edm2/tfjs-jit/graph';
import { select } from './elementwise.js';
import type { Emitter, Lowerings, Ref } from './emitter.js';

const arg = (node: Node, e: Emitter): Ref => e.ref(at(node.inputs, 0));

/** Kernels of the compiler's own, from `fuseReadingPasses`. */
export const readingPasses: Lowerings = {
  MeanSquare(node, e) {
    const attrs = { keep_dims: { bool: node.attrs['keepDims'] === true }, Tidx: { type: 'int32' } } as const;
    const norm = e.op('EuclideanNorm', [arg(node, e), e.ints(numbers(node.attrs, 'axis'))], attrs);
    const count = sizeOf(at(node.inputs, 0).shape) / sizeOf(at(node.outputs, 0).shape);
    return e.op('Mul', [e.op('Square', [norm]), e.scalar(1 / count)]);
  },
  FiniteOrZero(node, e) {
    const x = arg(node, e);
    // A sum of squares is finite when every element is, up to the root of the largest number; past that the slow way is as right.
    const finite = e.op('IsFinite', [e.op('L2Loss', [x])], {}, 'bool');
    const [suspect, sound] = e.node('Switch', [x, finite], { T: { type: x.dtype } }, [x.dtype, x.dtype]) as [Ref, Ref];
    const mended = select(e.op('IsFinite', [suspect], {}, 'bool'), suspect, e.scalar(0), e);
    const attrs = { T: { type: x.dtype }, N: { int: 2 } } as const;
    return at(e.node('Merge', [sound, mended], attrs, [x.dtype, 'int32']), 0);
  },
};
