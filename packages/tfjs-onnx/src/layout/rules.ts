import {
  at,
  ELEMENTWISE,
  type Node,
  number,
  numbers,
  type Origin,
  pairs,
  REDUCE,
  sizeOf,
  unsupportedKernel,
  type Value,
} from '@edm2/tfjs-jit/graph';
import { IMHW, identity, inverse, isIdentity, NCHW, OIHW, type Permutation, permute } from '../permutation.js';
import type { Forms } from './forms.js';
import { reshapedOrder } from './reshape.js';

/** How a kernel takes its inputs and gives its outputs when tensors may lie in any order. */
type Rule = (node: Node, forms: Forms) => void;

/** The order, among those that the inputs lie in, that moves the fewest elements. */
function cheapestOrder(values: readonly Value[], forms: Forms): Permutation {
  const rank = at(values, 0).shape.length;
  let best = identity(rank);
  let bestCost = Number.POSITIVE_INFINITY;
  const candidates = values.filter((v) => !forms.isConstant(v)).flatMap((v) => forms.all(v).map((form) => form.perm));
  for (const perm of candidates) {
    const cost = values.reduce((sum, value) => sum + forms.cost(value, perm), 0);
    // On equal cost the order that is not TensorFlow.js's own: it came from a convolution and leads to the next.
    if (cost < bestCost || (cost === bestCost && isIdentity(best))) [best, bestCost] = [perm, cost];
  }
  return best;
}

const elementwise: Rule = (node, forms) => {
  const shape = at(node.outputs, 0).shape;
  const full = node.inputs.filter((v) => v.shape.length === shape.length);
  const wide = full.filter((v) => sizeOf(v.shape) > 1);
  const perm = full.length === 0 ? identity(shape.length) : cheapestOrder(wide.length > 0 ? wide : full, forms);
  const inputs = node.inputs.map((v) => operand(v, perm, node, forms));
  forms.emit(node, inputs, node.attrs, [perm]);
};

/**
 * An operand in order `perm`; one of lower rank is first given the leading axes that broadcasting gives it. Scalars too:
 * ONNX Runtime takes a scalar beside a tensor of rank 4 up to 30 times slower than the same number as `[1, 1, 1, 1]`.
 */
function operand(value: Value, perm: Permutation, origin: Origin, forms: Forms): Value {
  const rank = perm.length;
  if (value.shape.length === rank) return forms.get(value, perm);
  const own = forms.get(value, identity(value.shape.length));
  if (rank < 2) return own;
  const shape = permute([...new Array<number>(rank - value.shape.length).fill(1), ...value.shape], perm);
  const moved =
    value.shape.length === 1
      ? []
      : perm.filter((p) => p >= rank - value.shape.length).map((p) => p - rank + value.shape.length);
  const source = isIdentity(moved)
    ? own
    : forms.builder.one(
        'Transpose',
        [own],
        { perm: moved },
        { shape: permute(value.shape, moved), dtype: value.dtype },
        origin,
      );
  return forms.builder.one('Reshape', [source], { shape }, { shape, dtype: value.dtype }, origin);
}

const without = (perm: Permutation, axes: readonly number[]): Permutation => {
  const kept = perm.filter((p) => !axes.includes(p));
  return kept.map((p) => p - axes.filter((axis) => axis < p).length);
};

const positions = (perm: Permutation, axes: readonly number[]): number[] =>
  axes.map((axis) => perm.indexOf(axis)).sort((a, b) => a - b);

const reduce: Rule = (node, forms) => {
  const { perm, value } = forms.native(at(node.inputs, 0));
  const axes = numbers(node.attrs, 'axis');
  const keepDims = node.attrs['keepDims'] === true;
  forms.emit(node, [value], { ...node.attrs, axis: positions(perm, axes) }, [keepDims ? perm : without(perm, axes)]);
};

const argument: Rule = (node, forms) => {
  const { perm, value } = forms.native(at(node.inputs, 0));
  const axis = number(node.attrs, 'axis');
  forms.emit(node, [value], { axis: perm.indexOf(axis) }, [without(perm, [axis])]);
};

const lastAxis: Rule = (node, forms) => {
  const x = at(node.inputs, 0);
  const last = x.shape.length - 1;
  const form = forms.all(x).find(({ perm }) => perm[last] === last);
  const perm = form?.perm ?? identity(x.shape.length);
  forms.emit(node, [forms.get(x, perm)], node.attrs, [perm]);
};

const transpose: Rule = (node, forms) => {
  const back = inverse(numbers(node.attrs, 'perm'));
  for (const { perm, value } of forms.all(at(node.inputs, 0))) {
    forms.alias(at(node.outputs, 0), { perm: permute(back, perm), value });
  }
};

const reshape: Rule = (node, forms) => {
  const x = at(node.inputs, 0);
  const { shape } = at(node.outputs, 0);
  for (const form of forms.all(x)) {
    const perm = reshapedOrder(x.shape, shape, form.perm);
    if (perm !== undefined) {
      return forms.emit({ ...node, kernel: 'Reshape' }, [form.value], { shape: permute(shape, perm) }, [perm]);
    }
  }
  const plain = forms.get(x, identity(x.shape.length));
  forms.emit({ ...node, kernel: 'Reshape' }, [plain], { shape }, [identity(shape.length)]);
};

/** Kernels along one axis, `attrs[axis]`, whose inputs and outputs have one rank. */
const alongAxis: Rule = (node, forms) => {
  const perm = cheapestOrder(node.inputs, forms);
  const axis = perm.indexOf(number(node.attrs, 'axis'));
  const inputs = node.inputs.map((v) => forms.get(v, perm));
  forms.emit(
    node,
    inputs,
    { ...node.attrs, axis },
    node.outputs.map(() => perm),
  );
};

const pack: Rule = (node, forms) => {
  const inner = cheapestOrder(node.inputs, forms);
  const axis = number(node.attrs, 'axis');
  // The new axis lies right behind the one that it follows, so that merging the two again moves nothing.
  const position = axis === 0 ? 0 : inner.indexOf(axis - 1) + 1;
  const perm = inner.map((p) => (p >= axis ? p + 1 : p));
  perm.splice(position, 0, axis);
  forms.emit(
    node,
    node.inputs.map((v) => forms.get(v, inner)),
    { axis: position },
    [perm],
  );
};

const unpack: Rule = (node, forms) => {
  const { perm, value } = forms.native(at(node.inputs, 0));
  const axis = number(node.attrs, 'axis');
  const inner = without(perm, [axis]);
  forms.emit(
    node,
    [value],
    { axis: perm.indexOf(axis) },
    node.outputs.map(() => inner),
  );
};

/** Kernels with per-axis attributes, which are permuted with the axes. */
const perAxis =
  (...names: readonly string[]): Rule =>
  (node, forms) => {
    const { perm, value } = forms.native(at(node.inputs, 0));
    const permuted = names.map((name) => {
      const items: readonly unknown[] = name === 'paddings' ? pairs(node.attrs, name) : numbers(node.attrs, name);
      return [name, permute(items, perm)];
    });
    forms.emit(node, [value], { ...node.attrs, ...Object.fromEntries(permuted) }, [perm]);
  };

const reverse: Rule = (node, forms) => {
  const { perm, value } = forms.native(at(node.inputs, 0));
  forms.emit(node, [value], { dims: positions(perm, numbers(node.attrs, 'dims')) }, [perm]);
};

/** Lets everything lie as it lies. */
const barrier: Rule = (node, forms) => {
  const given = node.inputs.map((v) => forms.native(v));
  const values = given.map((form) => form.value);
  forms.emit(node, values, node.attrs, [at(given, 0).perm]);
};

/** A matrix product takes a factor whose last two axes are swapped in memory as it lies. */
const matmul: Rule = (node, forms) => {
  const factor = (value: Value): { value: Value; swapped: boolean } => {
    const rank = value.shape.length;
    const plain = identity(rank);
    const swapped = [...plain.slice(0, -2), rank - 1, rank - 2];
    const use = !forms.has(value, plain) && forms.cost(value, swapped) === 0 && forms.cost(value, plain) > 0;
    return { value: forms.get(value, use ? swapped : plain), swapped: use };
  };
  const a = factor(at(node.inputs, 0));
  const b = factor(at(node.inputs, 1));
  const transposeA = (node.attrs['transposeA'] === true) !== a.swapped;
  const transposeB = (node.attrs['transposeB'] === true) !== b.swapped;
  forms.emit(node, [a.value, b.value], { transposeA, transposeB }, [identity(at(node.outputs, 0).shape.length)]);
};

/** Kernels on images and filters, which run on the given orders only. */
const window =
  (inputs: readonly Permutation[], output: Permutation): Rule =>
  (node, forms) => {
    const values = node.inputs.map((v, i) => forms.get(v, at(inputs, i)));
    forms.emit(
      node,
      values,
      { ...node.attrs, dataFormat: 'NCHW' },
      node.outputs.map(() => output),
    );
  };

/** Kernels that see tensors in TensorFlow.js's own order. */
const plain: Rule = (node, forms) => {
  const inputs = node.inputs.map((v) => forms.get(v, identity(v.shape.length)));
  forms.emit(
    node,
    inputs,
    node.attrs,
    node.outputs.map((v) => identity(v.shape.length)),
  );
};

const each = (kernels: Iterable<string>, rule: Rule): Record<string, Rule> =>
  Object.fromEntries([...kernels].map((kernel) => [kernel, rule]));

export const RULES: Readonly<Record<string, Rule>> = {
  ...each(ELEMENTWISE, elementwise),
  ...each(REDUCE, reduce),
  ...each(['ArgMax', 'ArgMin'], argument),
  ...each(['Softmax', 'LogSoftmax'], lastAxis),
  ...each(['Concat', 'SplitV', 'Cumsum'], alongAxis),
  ...each(['Reshape', 'ExpandDims'], reshape),
  ...each(['PadV2', 'MirrorPad'], perAxis('paddings')),
  ...each(['MaxPool', 'MaxPoolWithArgmax', 'AvgPool', 'ResizeBilinear', 'ResizeNearestNeighbor'], window([NCHW], NCHW)),
  Transpose: transpose,
  Pack: pack,
  Unpack: unpack,
  Slice: perAxis('begin', 'size'),
  Tile: perAxis('reps'),
  Reverse: reverse,
  BatchMatMul: matmul,
  Barrier: barrier,
  Conv2D: window([NCHW, OIHW], NCHW),
  Conv2DBackpropInput: window([NCHW, OIHW], NCHW),
  Conv2DBackpropFilter: window([NCHW, NCHW], OIHW),
  DepthwiseConv2dNative: window([NCHW, IMHW], NCHW),
  DepthwiseConv2dNativeBackpropInput: window([NCHW, IMHW], NCHW),
  DepthwiseConv2dNativeBackpropFilter: window([NCHW, NCHW], IMHW),
  MaxPoolGrad: window([NCHW, NCHW, NCHW], NCHW),
  ...each(['AvgPoolGrad', 'ResizeBilinearGrad', 'ResizeNearestNeighborGrad'], window([NCHW, NCHW], NCHW)),
  // What indexes, or makes a tensor out of nothing.
  ...each(['GatherNd', 'GatherV2', 'ScatterNd', 'TensorScatterUpdate', 'UnsortedSegmentSum', 'StridedSlice'], plain),
  ...each(['BroadcastTo', 'Fill', 'Range', 'OneHot', 'TopK', 'BitwiseAnd', 'Require'], plain),
};

/**
 * The rule of a kernel call.
 *
 * @throws {Error} for a kernel without one: how it takes its tensors must be said, not assumed.
 */
export function ruleOf({ kernel, op }: Node): Rule {
  const rule = RULES[kernel];
  if (rule === undefined) throw unsupportedKernel(kernel, op);
  return rule;
}
