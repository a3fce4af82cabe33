import { type Graph, type Node, sizeOf } from './graph/graph.js';
import { at } from './kernels/spec.js';

/** Rows that {@link explainGraph} prints. */
const ROWS = 20;
/** Multiply-adds that cost about as much as moving one element through memory, on a current CPU core. */
const FLOPS_PER_ELEMENT = 16;

interface Cost {
  /** Multiply-adds of a product, 0 for everything else. */
  readonly flops: number;
  /** Elements read and written. */
  readonly moved: number;
}

/** What a node costs, estimated from its shapes. */
export function costOf(node: Node): Cost {
  const moved = [...node.inputs, ...node.outputs].reduce((sum, value) => sum + sizeOf(value.shape), 0);
  if (node.kernel === 'Reshape' || node.kernel === 'ExpandDims') return { flops: 0, moved: 0 };
  return { flops: products(node), moved };
}

/** Multiply-adds of convolutions and matrix products, whose filters lie in OIHW by now. */
function products(node: Node): number {
  const output = at(node.outputs, 0).shape;
  const filterTaps = (filter: readonly number[]): number => filter.slice(1).reduce((product, n) => product * n, 1);
  switch (node.kernel) {
    case 'Conv2D':
      return sizeOf(output) * filterTaps(at(node.inputs, 1).shape);
    case 'Conv2DBackpropInput':
      return sizeOf(at(node.inputs, 0).shape) * filterTaps(at(node.inputs, 1).shape);
    case 'Conv2DBackpropFilter':
      return sizeOf(at(node.inputs, 1).shape) * filterTaps(output);
    case 'BatchMatMul': {
      const a = at(node.inputs, 0).shape;
      return sizeOf(output) * at(a, a.length - (node.attrs['transposeA'] === true ? 2 : 1));
    }
    default:
      return 0;
  }
}

/**
 * The costliest kernels of a compiled function as a table: share of the estimated cost, how often, kernel, the
 * TensorFlow.js op that asked for it, result shape. Estimates come from shapes, not from a clock.
 */
export function explainGraph(graph: Graph): string {
  const rows = new Map<string, { cost: number; flops: number; count: number }>();
  let total = 0;
  for (const node of graph.nodes) {
    const { flops, moved } = costOf(node);
    const cost = flops + moved * FLOPS_PER_ELEMENT;
    total += cost;
    const { dtype, shape } = at(node.outputs, 0);
    const key = `${node.kernel.padEnd(22)} tf.${node.op.padEnd(22)} ${dtype}[${shape}]`;
    const row = rows.get(key) ?? { cost: 0, flops: 0, count: 0 };
    rows.set(key, { cost: row.cost + cost, flops: row.flops + flops, count: row.count + 1 });
  }
  const sorted = [...rows].sort(([, a], [, b]) => b.cost - a.cost);
  const lines = sorted.slice(0, ROWS).map(([key, { cost, flops, count }]) => {
    const share = `${((100 * cost) / Math.max(1, total)).toFixed(1)}%`;
    const work = flops === 0 ? '' : `${(flops / 1e6).toFixed(1)}M`;
    return `${share.padStart(6)} ${`${count}×`.padStart(6)} ${work.padStart(10)}  ${key}`;
  });
  const rest = sorted.length > ROWS ? [`        and ${sorted.length - ROWS} kinds more`] : [];
  return [`${graph.nodes.length} kernels, estimated cost (share, count, multiply-adds):`, ...lines, ...rest].join('\n');
}
