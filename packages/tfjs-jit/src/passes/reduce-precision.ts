import { type Graph, type Node, sizeOf, type Value } from '../graph/graph.js';
import { at } from '../kernels/spec.js';

/** Arithmetic of convolutions and matrix products. */
export type Precision = 'float32' | 'bfloat16' | 'float16';

/** Attribute of a kernel call that is computed in 16 bit: its operands are rounded, its result is float32 again. */
export const COMPUTE = 'compute';

const CONVOLUTIONS: ReadonlySet<string> = new Set(['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter']);

/**
 * Products of matrices with no more rows, columns or terms than this stay float32: a batch's embeddings, whose gradients
 * are sums over everything, and where rounding would save nothing.
 */
const MAX_SMALL_PRODUCT = 64;

/** Kernels that sum over whole axes: what comes out is a number for a channel or an image. */
const SUMS: ReadonlySet<string> = new Set(['Sum', 'Mean']);

/**
 * Marks convolutions and matrix products to be computed in 16 bit. Reductions, normalisation, scalars, embeddings,
 * optimizer and averages stay float32.
 */
export function reducePrecision(graph: Graph, precision: Precision): Graph {
  if (precision === 'float32') return graph;
  const isMarked = marks(graph);
  const marked = (node: Node): Node => ({ ...node, attrs: { ...node.attrs, [COMPUTE]: precision } });
  return { ...graph, nodes: graph.nodes.map((node) => (isMarked(node) ? marked(node) : node)) };
}

/** Which calls are large enough. Beside convolutions, matrices that none leads to are embeddings of whatever size, and stay as they are. */
function marks(graph: Graph): (node: Node) => boolean {
  if (!graph.nodes.some(({ kernel }) => CONVOLUTIONS.has(kernel))) return isLarge;
  const led = new Set<Value>();
  for (const node of graph.nodes)
    if (CONVOLUTIONS.has(node.kernel) || (!SUMS.has(node.kernel) && node.inputs.some((value) => led.has(value))))
      for (const output of node.outputs) led.add(output);
  const isLed = ({ inputs }: Node): boolean => inputs.some((value) => led.has(value));
  return (node) => isLarge(node) && (isMatrices(node) ? isLed(node) : true);
}

const isMatrices = ({ kernel, outputs }: Node): boolean =>
  kernel === 'BatchMatMul' && at(outputs, 0).shape.length === 2;

function isLarge(node: Node): boolean {
  if (CONVOLUTIONS.has(node.kernel)) return true;
  if (node.kernel !== 'BatchMatMul') return false;
  const { shape } = at(node.outputs, 0);
  if (shape.length > 2) return true;
  const a = at(node.inputs, 0).shape;
  const terms = sizeOf(a) / at(a, node.attrs['transposeA'] === true ? 1 : 0);
  return Math.min(...shape, terms) > MAX_SMALL_PRODUCT;
}
