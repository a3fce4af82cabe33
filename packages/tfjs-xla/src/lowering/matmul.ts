import { at } from '@edm2/tfjs-jit/graph';
import type { Emitter, Lowerings, Ref } from './emitter.js';

const isHalf = (type: Ref['type']): boolean => type === 'bf16' || type === 'f16';

/** How exactly products of these operands are taken: 16 bit are what they are. */
export const precisionOf = (x: Ref, e: Emitter): string => (isHalf(x.type) ? '' : e.precisionConfig);

/** Matrix products. */
export const matmul: Lowerings = {
  BatchMatMul(node, e) {
    const [a, b] = node.inputs.map((input) => e.ref(input)) as [Ref, Ref];
    const output = at(node.outputs, 0);
    const { shape } = output;
    const batch = shape.slice(0, -2);
    const spread = (x: Ref): Ref => e.broadcast(x, [...batch, ...x.shape.slice(-2)]);
    const axes = batch.map((_, axis) => axis);
    const rank = shape.length;
    const inner = [
      node.attrs['transposeA'] === true ? rank - 2 : rank - 1,
      node.attrs['transposeB'] === true ? rank - 1 : rank - 2,
    ];
    const dims = `lhs_batching_dimensions = [${axes}], rhs_batching_dimensions = [${axes}], lhs_contracting_dimensions = [${inner[0]}], rhs_contracting_dimensions = [${inner[1]}]`;
    const attributes = `dot_dimension_numbers = #stablehlo.dot<${dims}>${precisionOf(a, e)}`;
    return e.op('dot_general', [spread(a), spread(b)], { shape, type: e.kept(output) }, attributes);
  },
};
