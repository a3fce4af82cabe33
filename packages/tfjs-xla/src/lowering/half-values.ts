import { at, COMPUTE, type Data, type Graph, type Node, sameShape, sizeOf, type Value } from '@edm2/tfjs-jit/graph';
import { isUniform } from './emitter.js';

/** Kernels that compute element by element and lose nothing more in 16 bit than their operands have lost. */
const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...['Abs', 'Neg', 'Sigmoid', 'Tanh', 'Relu', 'Relu6', 'LeakyRelu', 'Elu', 'ClipByValue', 'Select', 'AddN'],
  ...['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'Prelu', 'EluGrad'],
]);

/** Kernels that move elements. */
const MOVING: ReadonlySet<string> = new Set([
  ...['Reshape', 'ExpandDims', 'Transpose', 'Concat', 'Pack', 'Unpack', 'SplitV', 'Slice', 'StridedSlice', 'Tile'],
  ...['BroadcastTo', 'PadV2', 'MirrorPad', 'Reverse', 'Barrier'],
]);

/** Kernels with a sum inside, which is float32: they read and give 16 bit. */
const AROUND_SUMS: ReadonlySet<string> = new Set([
  ...['Softmax', 'AvgPool', 'AvgPoolGrad', 'MaxPool', 'ResizeNearestNeighbor', 'ResizeNearestNeighborGrad'],
  ...['ResizeBilinear', 'ResizeBilinearGrad'],
]);

/** Which values of a graph are 16 bit on the device, and which calls compute in it. */
export interface HalfValues {
  has(value: Value): boolean;
  /** Whether a call is computed in 16 bit; products with a mark are. The others compute in float32 what they read and give in 16 bit. */
  computes(node: Node): boolean;
}

/**
 * Finds the values that are 16 bit on the device: results of products that are computed so (`lowerPrecision`), and what is made of them
 * on the way to the next such product. What a full-sized float32 tensor takes part in stays float32 (a loss, a residual of float32
 * images, parameters), as do sums, statistics and what leads to them alone.
 */
export function halfValues(graph: Graph): HalfValues {
  const half = new Set<Value>();
  const exact = new Set([...graph.constants].filter(([, data]) => isExact(data)).map(([value]) => value));
  const inputs = new Set(graph.inputs);
  const spread = new Set<Value>();
  for (const node of graph.nodes) {
    if (givesFlags(node)) exact.add(at(node.outputs, 0));
    if (spreads(node, exact, spread)) spread.add(at(node.outputs, 0));
    if (COMPUTE in node.attrs || canBeHalf(node, { half, exact, spread, inputs, graph }))
      for (const output of node.outputs) half.add(output);
  }
  const kept = wanted(graph, half);
  return {
    has: (value) => kept.has(value),
    computes: (node) =>
      COMPUTE in node.attrs ||
      (!AROUND_SUMS.has(node.kernel) &&
        kept.has(at(node.outputs, 0)) &&
        floats(node).every((value) => kept.has(value) || exact.has(value))),
  };
}

interface Known {
  readonly half: ReadonlySet<Value>;
  readonly exact: ReadonlySet<Value>;
  /** Few numbers, each in many places. */
  readonly spread: ReadonlySet<Value>;
  readonly inputs: ReadonlySet<Value>;
  readonly graph: Graph;
}

const floats = ({ inputs }: Node): readonly Value[] => inputs.filter(({ dtype }) => dtype === 'float32');

/** Zeros and ones, which both formats have. */
const givesFlags = ({ kernel, inputs }: Node): boolean =>
  ['ZerosLike', 'OnesLike'].includes(kernel) || (kernel === 'Cast' && at(inputs, 0).dtype === 'bool');

/** Whether a call gives the elements that it gets; gradients are full of casts to the type that there is. */
const moves = ({ kernel, inputs, outputs }: Node): boolean =>
  MOVING.has(kernel) ||
  (kernel === 'Cast' && [at(inputs, 0), at(outputs, 0)].every(({ dtype }) => dtype === 'float32'));

/** Whether a call writes few numbers into many places, as gradients of means do. */
const spreads = (node: Node, exact: ReadonlySet<Value>, spread: ReadonlySet<Value>): boolean => {
  const [output, given] = [at(node.outputs, 0), floats(node)];
  const isFewer = ({ shape }: Value): boolean => sizeOf(shape) < sizeOf(output.shape);
  return (
    (ELEMENTWISE.has(node.kernel) || moves(node)) &&
    given.some((value) => !exact.has(value)) &&
    given.every((value) => exact.has(value) || spread.has(value) || isFewer(value))
  );
};

/** Constants with more different numbers are not looked through. */
const MAX_LOOKED_AT = 64;
/** Significant bits that both formats have, and the exponents that both have room for. */
const [BITS, LEAST, MOST] = [8, 2 ** -14, 2 ** 15];

/** Whether numbers are the same in both 16-bit formats. */
function isExact(data: Data): boolean {
  const numbers = isUniform(data) ? data.subarray(0, 1) : data;
  if (numbers.length > MAX_LOOKED_AT) return false;
  return numbers.every((x: number) => {
    const size = Math.abs(x);
    const isInRange = size >= LEAST && size <= MOST;
    return size === 0 || (isInRange && Number.isInteger(x / 2 ** (Math.floor(Math.log2(size)) - BITS + 1)));
  });
}

function canBeHalf(node: Node, { half, exact, spread, inputs, graph }: Known): boolean {
  const { kernel } = node;
  const elementwise = ELEMENTWISE.has(kernel);
  if (!elementwise && !moves(node) && !AROUND_SUMS.has(kernel)) return false;
  const { shape } = at(node.outputs, 0);
  // Constants, factors of channels, pixels or images, and masks that a call is given leave a result what it is.
  const isSmall = (value: Value): boolean =>
    elementwise &&
    (!sameShape(value.shape, shape) ||
      spread.has(value) ||
      graph.constants.has(value) ||
      (kernel === 'Multiply' && inputs.has(value)));
  const given = floats(node);
  return given.some((x) => half.has(x)) && given.every((x) => half.has(x) || exact.has(x) || isSmall(x));
}

/** Those that lead to a product. */
function wanted(graph: Graph, half: ReadonlySet<Value>): ReadonlySet<Value> {
  const taken = new Set<Value>();
  for (const node of [...graph.nodes].reverse()) {
    const leads = half.has(at(node.outputs, 0)) && node.outputs.some((output) => taken.has(output));
    if (leads || COMPUTE in node.attrs) for (const input of node.inputs) taken.add(input);
  }
  return new Set([...half].filter((value) => taken.has(value)));
}
