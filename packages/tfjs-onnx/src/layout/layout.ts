import { at, ELEMENTWISE, type Graph, producersOf, sameShape, type Value } from '@edm2/tfjs-jit/graph';
import { identity, isIdentity, type Permutation } from '../permutation.js';
import { createForms } from './forms.js';
import { ruleOf } from './rules.js';

/** Which inputs and outputs of a graph may lie in memory in an order of the compiler's choice. */
export interface LayoutFreedom {
  /** Positions of inputs that stay on the engine from call to call. */
  readonly inputs: ReadonlySet<number>;
  /** For an output that becomes an input of the next call: that input's position. */
  readonly stateOutputs: ReadonlyMap<number, number>;
}

/** A graph whose image kernels run on NCHW and OIHW, with the order of every input and output. */
export interface LaidOut {
  readonly graph: Graph;
  readonly inputOrders: readonly Permutation[];
  readonly outputOrders: readonly Permutation[];
}

/**
 * Rewrites a graph of TensorFlow.js kernels (NHWC, HWIO) so that convolutions and pools run on NCHW and OIHW.
 *
 * Permutations are tracked instead of executed: each value has the order in which it happens to lie in memory, every
 * kernel takes the order that costs least, `Transpose` and most reshapes cost nothing, and a transposition is emitted
 * only where a kernel insists. State that comes in as an input and goes out as an output lies in the order that its
 * convolution wants, for good.
 */
export function layout(graph: Graph, free: LayoutFreedom): LaidOut {
  const plain = graph.inputs.map((input) => identity(input.shape.length));
  const wanted = wantedOrders(graph, free.inputs);
  if (wanted.size === 0) return run(graph, plain, free);
  return run(
    graph,
    plain.map((perm, i) => wanted.get(i) ?? perm),
    free,
  );
}

/** The orders that kernels want inputs in, found by laying the graph out once with every input as it comes. */
function wantedOrders(graph: Graph, free: ReadonlySet<number>): Map<number, Permutation> {
  const producers = producersOf(graph);
  const wanted = new Map<number, Permutation>();
  const blame = (value: Value, perm: Permutation, seen: Set<Value>): void => {
    if (seen.has(value)) return;
    seen.add(value);
    const input = graph.inputs.indexOf(value);
    if (input >= 0) {
      if (free.has(input) && !wanted.has(input)) wanted.set(input, perm);
      return;
    }
    const node = producers.get(value);
    if (node === undefined || (node.kernel !== 'Barrier' && !ELEMENTWISE.has(node.kernel))) return;
    for (const source of node.inputs) if (sameShape(source.shape, value.shape)) blame(source, perm, seen);
  };
  const plain = graph.inputs.map((input) => identity(input.shape.length));
  run(graph, plain, { inputs: free, stateOutputs: new Map() }, (value, perm) => {
    if (!isIdentity(perm)) blame(value, perm, new Set());
  });
  return wanted;
}

function run(
  graph: Graph,
  inputOrders: readonly Permutation[],
  free: LayoutFreedom,
  want: (value: Value, perm: Permutation) => void = () => undefined,
): LaidOut {
  const forms = createForms(graph, inputOrders, want);
  const inputs = graph.inputs.map((input) => forms.native(input).value);
  for (const node of graph.nodes) ruleOf(node)(node, forms);
  const outputOrders = graph.outputs.map((output, i) => {
    const state = free.stateOutputs.get(i);
    return state === undefined ? identity(output.shape.length) : at(inputOrders, state);
  });
  const outputs = graph.outputs.map((output, i) => forms.get(output, at(outputOrders, i)));
  return { graph: forms.builder.build(inputs, outputs), inputOrders, outputOrders };
}
