import { type Graph, type Node, newValue, sameShape, sizeOf, type Value } from '../graph/graph.js';
import { matcher } from '../graph/matcher.js';
import { at, numbers } from '../kernels/spec.js';

/**
 * Takes the mean square of a scaled tensor from that of the tensor itself, where the graph has it anyway:
 * `mean((x·s)²) → mean(x²)·s²` for a scale that is constant along the reduced axes. A weight that is normalised and then
 * used by a layer that normalises again is so passed over once. Float32 rounds differently in the last bit.
 */
export function shareMeanSquares(graph: Graph): Graph {
  const { made, operands } = matcher(graph);
  /** What is squared and averaged over the axes, with the axes kept. */
  const squared = (node: Node): Value | undefined =>
    node.kernel === 'Mean' && node.attrs['keepDims'] === true ? made(node.inputs[0], 'Square')?.inputs[0] : undefined;
  const known = new Map<string, Value>();
  const key = (x: Value, axes: readonly number[]): string => `${x.id}|${axes}`;

  const nodes = graph.nodes.flatMap((node): Node[] => {
    const x = squared(node);
    if (x === undefined) return [node];
    const axes = numbers(node.attrs, 'axis');
    const output = at(node.outputs, 0);
    known.set(key(x, axes), output);
    for (const [tensor, scale] of operands(x, 'Multiply')) {
      const mean = known.get(key(tensor, axes));
      if (mean === undefined || !sameShape(scale.shape, output.shape) || sizeOf(scale.shape) === sizeOf(x.shape))
        continue;
      const square = newValue(scale.shape, 'float32');
      return [
        { kernel: 'Square', inputs: [scale], attrs: {}, outputs: [square], op: node.op },
        { kernel: 'Multiply', inputs: [mean, square], attrs: {}, outputs: [output], op: node.op },
      ];
    }
    return [node];
  });
  return { ...graph, nodes };
}
