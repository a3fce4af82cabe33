import { at, type Node, number, sizeOf } from '@edm2/tfjs-jit/graph';
import { combine, type Emitter, type Lowerings, longs, type Ref } from './emitter.js';
import { type HloType, isFloat, tensorType } from './hlo-type.js';
import { slice } from './shape.js';

const arg = (node: Node, e: Emitter, index = 0): Ref => e.ref(at(node.inputs, index));
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** The region of a scatter that puts the new value in the old one's place. */
const replace = (type: HloType): string => {
  const t = tensorType([], type);
  return `{ ^bb0(%a: ${t}, %b: ${t}): stablehlo.return %b : ${t} }`;
};

/** Indices as `[places, depth]`: a vector has one number for each place. */
function rows(x: Ref, e: Emitter): Ref {
  const { shape } = x;
  const depth = shape.length > 1 ? at(shape, shape.length - 1) : 1;
  return e.reshape(x, [depth === 0 ? sizeOf(shape.slice(0, -1)) : sizeOf(shape) / depth, depth]);
}

/** Puts updates into places of a tensor. */
function scatter(into: Ref, places: Ref, given: Ref, region: string, e: Emitter): Ref {
  const [count, depth] = places.shape as [number, number];
  const updates = e.reshape(given, [count, ...into.shape.slice(depth)]);
  const dims = [
    `update_window_dims = [${range(1, updates.shape.length)}]`,
    `inserted_window_dims = [${range(0, depth)}]`,
    `scatter_dims_to_operand_dims = [${range(0, depth)}]`,
    'index_vector_dim = 1',
  ];
  const attributes = `scatter_dimension_numbers = #stablehlo.scatter<${dims.join(', ')}>, indices_are_sorted = false, unique_indices = false`;
  return e.op('scatter', [into, places, updates], { shape: into.shape }, attributes, region);
}

/** Sums where places coincide; bool counts in whole numbers. */
function scatterAdd(places: Ref, given: Ref, shape: readonly number[], e: Emitter): Ref {
  const updates = given.type === 'i1' ? e.convert(given, 'i32') : given;
  const made = scatter(e.fill(0, shape, updates.type), places, updates, combine('add', updates.type), e);
  return given.type === 'i1' ? e.compare('NE', made, e.like(made, 0)) : made;
}

/** Kernels that pick and place elements by index. */
export const indexing: Lowerings = {
  GatherV2(node, e) {
    const x = arg(node, e);
    const indices = e.convert(arg(node, e, 1), 'i32');
    const axis = number(node.attrs, 'axis');
    const { shape } = at(node.outputs, 0);
    const [rank, places] = [x.shape.length, indices.shape.length];
    const dims = [
      `offset_dims = [${[...range(0, axis), ...range(axis + places, shape.length)]}]`,
      `collapsed_slice_dims = [${axis}]`,
      `start_index_map = [${axis}]`,
      `index_vector_dim = ${places}`,
    ];
    const sizes = range(0, rank).map((i) => (i === axis ? 1 : at(x.shape, i)));
    const attributes = `dimension_numbers = #stablehlo.gather<${dims.join(', ')}>, slice_sizes = ${longs(sizes)}, indices_are_sorted = false`;
    return e.op('gather', [x, indices], { shape }, attributes);
  },
  GatherNd(node, e) {
    const x = arg(node, e);
    const given = e.convert(arg(node, e, 1), 'i32');
    const { shape } = at(node.outputs, 0);
    const places = given.shape.length - 1;
    const depth = at(given.shape, places);
    const dims = [
      `offset_dims = [${range(places, shape.length)}]`,
      `collapsed_slice_dims = [${range(0, depth)}]`,
      `start_index_map = [${range(0, depth)}]`,
      `index_vector_dim = ${places}`,
    ];
    const sizes = x.shape.map((n, i) => (i < depth ? 1 : n));
    const attributes = `dimension_numbers = #stablehlo.gather<${dims.join(', ')}>, slice_sizes = ${longs(sizes)}, indices_are_sorted = false`;
    return e.op('gather', [x, given], { shape }, attributes);
  },
  ScatterNd: (node, e) => scatterAdd(rows(arg(node, e), e), arg(node, e, 1), at(node.outputs, 0).shape, e),
  TensorScatterUpdate(node, e) {
    const x = arg(node, e);
    return scatter(x, rows(arg(node, e, 1), e), e.convert(arg(node, e, 2), x.type), replace(x.type), e);
  },
  // What belongs to no segment is dropped.
  UnsortedSegmentSum: (node, e) => {
    const ids = e.convert(arg(node, e, 1), 'i32');
    return scatterAdd(e.reshape(ids, [sizeOf(ids.shape), 1]), arg(node, e), at(node.outputs, 0).shape, e);
  },
  // By a stable sort: of equal ones the first comes first, which CHLO's own does not promise.
  TopK(node, e) {
    const x = arg(node, e);
    const given = x.type === 'i1' ? e.convert(x, 'i32') : x;
    // The sort's order is total: both zeros are to be one number there.
    const zero = e.like(given, 0);
    const keys = isFloat(given.type) ? e.select(e.compare('EQ', given, zero), zero, given) : given;
    const last = given.shape.length - 1;
    const places = e.op('iota', [], { shape: given.shape, type: 'i32' }, `iota_dimension = ${last} : i64`);
    const [key, place] = [tensorType([], given.type), 'tensor<i32>'];
    const kind = isFloat(given.type) ? 'TOTALORDER' : 'SIGNED';
    const region = `{ ^bb0(%a: ${key}, %b: ${key}, %i: ${place}, %j: ${place}): %c = stablehlo.compare GT, %a, %b, ${kind} : (${key}, ${key}) -> tensor<i1> stablehlo.return %c : tensor<i1> }`;
    const attributes = `dimension = ${last} : i64, is_stable = true`;
    const sorted = e.ops('sort', [keys, places], [keys, places], attributes, region);
    const none = given.shape.map(() => 0);
    const [values, order] = sorted.map((made) => slice(made, none, at(node.outputs, 0).shape, e)) as [Ref, Ref];
    return [x.type === 'i1' ? e.compare('NE', values, e.like(values, 0)) : values, order];
  },
};
