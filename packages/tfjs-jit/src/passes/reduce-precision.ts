import { type Graph, type Node, sizeOf } from '../graph/graph.js';
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

/**
 * Marks convolutions and matrix products to be computed in 16 bit. Reductions, normalisation, scalars, embeddings,
 * optimizer and averages stay float32.
 */
export function reducePrecision(graph: Graph, precision: Precision): Graph {
  if (precision === 'float32') return graph;
  const marked = (node: Node): Node => ({ ...node, attrs: { ...node.attrs, [COMPUTE]: precision } });
  return { ...graph, nodes: graph.nodes.map((node) => (isLarge(node) ? marked(node) : node)) };
}

function isLarge(node: Node): boolean {
  if (CONVOLUTIONS.has(node.kernel)) return true;
  if (node.kernel !== 'BatchMatMul') return false;
  const { shape } = at(node.outputs, 0);
  if (shape.length > 2) return true;
  const a = at(node.inputs, 0).shape;
  const terms = sizeOf(a) / at(a, node.attrs['transposeA'] === true ? 1 : 0);
  return Math.min(...shape, terms) > MAX_SMALL_PRODUCT;
}
