import type { GraphBuilder } from '../graph/builder.js';
import { graphBuilder } from '../graph/builder.js';
import { type Graph, type Node, sameShape, type Value } from '../graph/graph.js';
import { matcher } from '../graph/matcher.js';
import { at } from '../kernels/spec.js';

/**
 * Writes slopes that TensorFlow.js takes from the function's value anew from its argument: `1 − sigmoid(x)` as
 * `sigmoid(−x)`, `1 − tanh(x)²` as `1/cosh(x)²`, and ELU's below 0 as `e^x`. Where the value has reached its
 * limit, the subtraction leaves nothing of a slope that is still there.
 */
export function exactSlopes(graph: Graph): Graph {
  const match = matcher(graph);
  const made = (value: Value | undefined, kernel: string): Node | undefined => {
    const node = match.made(value, kernel);
    return node && at(node.inputs, 0).dtype === 'float32' ? node : undefined;
  };
  const isOne = (value: Value): boolean => {
    const data = graph.constants.get(value);
    return data !== undefined && data.length > 0 && data.every((x) => x === 1);
  };
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const slope = new Slope(graphBuilder(), node);
    const [a, b] = node.inputs;
    const output = at(node.outputs, 0);
    if (node.kernel === 'EluGrad') {
      const x = made(b, 'Elu')?.inputs[0];
      return x === undefined || a === undefined || !sameShape(x.shape, output.shape)
        ? [node]
        : slope.written(
            constants,
            slope.run('Multiply', [a, slope.run('Exp', [slope.run('Minimum', [x, slope.number(0)])])]),
          );
    }
    if (node.kernel !== 'Sub' || a === undefined || b === undefined || !isOne(a) || !sameShape(b.shape, output.shape))
      return [node];
    const sigmoid = made(b, 'Sigmoid');
    // An approximate one has no digits there either way.
    if (sigmoid !== undefined && sigmoid.attrs['approximate'] !== true)
      return slope.written(constants, slope.run('Sigmoid', [slope.run('Neg', [at(sigmoid.inputs, 0)])]));
    const tanh = made(made(b, 'Square')?.inputs[0], 'Tanh');
    if (tanh === undefined) return [node];
    const cosh = slope.run('Cosh', [at(tanh.inputs, 0)]);
    return slope.written(constants, slope.run('Square', [slope.run('Reciprocal', [cosh])]));
  });
  return { ...graph, constants, nodes };
}

/** What stands in place of one node. */
class Slope {
  private readonly builder: GraphBuilder;
  private readonly node: Node;

  constructor(builder: GraphBuilder, node: Node) {
    this.builder = builder;
    this.node = node;
  }

  number(x: number): Value {
    return this.builder.constant([x], [], 'float32');
  }

  run(kernel: string, inputs: readonly Value[]): Value {
    return this.builder.one(kernel, inputs, {}, at(this.node.outputs, 0), this.node);
  }

  /** The nodes, of which the last gives the node's own output. */
  written(constants: Map<Value, Float32Array | Int32Array | Uint8Array>, result: Value): readonly Node[] {
    const made = this.builder.build([], [result]);
    for (const [value, data] of made.constants) constants.set(value, data);
    return made.nodes.map((node) => (node.outputs[0] === result ? { ...node, outputs: this.node.outputs } : node));
  }
}
