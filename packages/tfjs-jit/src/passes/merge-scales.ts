import { backend_util } from '@tensorflow/tfjs-core';
import { type Graph, type Node, newValue, sizeOf, type Value } from '../graph/graph.js';
import { usesOf } from '../graph/matcher.js';
import { at } from '../kernels/spec.js';

/** A factor counts as a scale when what it is spread over is at least this many times larger. */
const MIN_SPREAD = 8;

/**
 * Multiplies scales with each other instead of one after the other with the tensor that they scale:
 * `(x·a)·b → x·(a·b)` where a and b are small, and `conv(x·c, w) → conv(x, w)·c` for a number c, which then meets the scales
 * behind the convolution. Each saves a pass over a large tensor; with constant weights the engine folds what is left into them.
 *
 * Only products that nothing else uses are taken apart. Float32 rounds differently in the last bit.
 */
export function mergeScales(graph: Graph): Graph {
  const uses = usesOf(graph);
  const products = new Map<Value, Scaled>();
  const nodes: Node[] = [];

  /** A product with a scale whose only use is this one. */
  const scaled = (value: Value): Scaled | undefined => (uses.get(value) === 1 ? products.get(value) : undefined);

  /** `x·scale` into `output`, merged with a scale that x already carries. */
  const emit = (x: Value, scale: Value, output: Value, op: string): void => {
    const before = scaled(x);
    const shape = before && backend_util.assertAndGetBroadcastShape([...before.scale.shape], [...scale.shape]);
    if (before === undefined || shape === undefined || sizeOf(shape) * MIN_SPREAD > sizeOf(before.x.shape)) {
      nodes.push({ kernel: 'Multiply', inputs: [x, scale], attrs: {}, outputs: [output], op });
      products.set(output, { x, scale });
      return;
    }
    const both = newValue(shape, 'float32');
    nodes.push({ kernel: 'Multiply', inputs: [before.scale, scale], attrs: {}, outputs: [both], op });
    nodes.push({ kernel: 'Multiply', inputs: [before.x, both], attrs: {}, outputs: [output], op });
    products.set(output, { x: before.x, scale: both });
  };

  for (const node of graph.nodes) {
    const product = asScaled(node);
    if (product !== undefined) {
      emit(product.x, product.scale, at(node.outputs, 0), node.op);
      continue;
    }
    const [x, filter] = node.inputs;
    const before = node.kernel === 'Conv2D' && x !== undefined ? scaled(x) : undefined;
    if (before === undefined || filter === undefined || sizeOf(before.scale.shape) !== 1) {
      nodes.push(node);
      continue;
    }
    const output = at(node.outputs, 0);
    const raw = newValue(output.shape, output.dtype);
    uses.set(raw, 1);
    nodes.push({ ...node, inputs: [before.x, filter], outputs: [raw] });
    emit(raw, before.scale, output, node.op);
  }
  return { ...graph, nodes };
}

/** A large tensor times a small one that broadcasts to it. */
interface Scaled {
  readonly x: Value;
  readonly scale: Value;
}

function asScaled({ kernel, inputs, outputs }: Node): Scaled | undefined {
  const [a, b] = inputs;
  if (kernel !== 'Multiply' || a === undefined || b === undefined || a.dtype !== 'float32') return undefined;
  const size = sizeOf(at(outputs, 0).shape);
  const isScale = (value: Value): boolean => sizeOf(value.shape) * MIN_SPREAD <= size;
  if (sizeOf(a.shape) === size && isScale(b)) return { x: a, scale: b };
  return sizeOf(b.shape) === size && isScale(a) ? { x: b, scale: a } : undefined;
}
