import { type DType, type Graph, type Node, sizeOf, type Value } from '../graph/graph.js';
import { ELEMENTWISE } from '../kernels/elementwise.js';

/** Memory that one run of a compiled function needs, in bytes, worked out from shapes before it runs. */
export interface MemoryPlan {
  /** Arguments, which the caller holds through the run. */
  readonly inputs: number;
  readonly constants: number;
  /** Results, which the caller gets. */
  readonly outputs: number;
  /** The most that is held at once of results and of what is computed on the way. */
  readonly activations: number;
  /** Arguments, constants and activations. */
  readonly peak: number;
}

/** What is held while a node runs, without arguments and constants. */
export interface Moment {
  readonly node: Node;
  readonly bytes: number;
}

const BYTES: Readonly<Record<DType, number>> = { float32: 4, int32: 4, bool: 1 };
/** Kernels whose result is their first input seen under another shape. */
const ALIASES: ReadonlySet<string> = new Set(['Reshape', 'ExpandDims']);
/** Kernels that may write over an operand. */
const IN_PLACE: ReadonlySet<string> = new Set([...ELEMENTWISE, 'Barrier']);

const bytesOf = ({ shape, dtype }: Value): number => sizeOf(shape) * BYTES[dtype];
const total = (values: Iterable<Value>): number => [...values].reduce((sum, value) => sum + bytesOf(value), 0);

/**
 * What is held while each node runs: a tensor from the node that makes it to its last use, results to the end. Reshapes
 * share their input's memory, and an element-by-element kernel writes over an operand of its own size that is needed no
 * more. What a kernel needs inside for itself is not counted.
 *
 * @param order - the graph's nodes as they run.
 */
export function liveness(graph: Graph, order: readonly Node[] = graph.nodes): Moment[] {
  const fixed = new Set<Value>([...graph.inputs, ...graph.constants.keys()]);
  const owners = new Map<Value, Value>();
  /** The tensor whose memory a value lies in. */
  const owner = (value: Value): Value => owners.get(value) ?? value;
  const lastUse = new Map<Value, number>();
  order.forEach((node, i) => {
    const [x] = node.inputs;
    if (x !== undefined && ALIASES.has(node.kernel)) for (const output of node.outputs) owners.set(output, owner(x));
    for (const value of [...node.inputs, ...node.outputs]) lastUse.set(owner(value), i);
  });
  for (const output of graph.outputs) lastUse.set(owner(output), order.length);

  let held = 0;
  return order.map((node, i) => {
    const made = node.outputs.filter((value) => owner(value) === value);
    const dying = [...new Set([...node.inputs.map(owner), ...made])].filter(
      (value) => !fixed.has(value) && lastUse.get(value) === i,
    );
    const [only] = made;
    const overwritten =
      IN_PLACE.has(node.kernel) && only !== undefined
        ? dying.find((value) => value !== only && bytesOf(value) === bytesOf(only))
        : undefined;
    held += total(made) - (overwritten === undefined ? 0 : bytesOf(overwritten));
    const bytes = held;
    held -= total(dying.filter((value) => value !== overwritten));
    return { node, bytes };
  });
}

/** The moment when most is held; none in a graph that computes nothing. */
export const busiest = (moments: readonly Moment[]): Moment | undefined =>
  moments.reduce<Moment | undefined>((most, moment) => (most && most.bytes >= moment.bytes ? most : moment), undefined);

/** Sums up a graph's memory. */
export function planMemory(graph: Graph, moments: readonly Moment[]): MemoryPlan {
  const inputs = total(graph.inputs);
  const constants = total(graph.constants.keys());
  const activations = busiest(moments)?.bytes ?? 0;
  return {
    inputs,
    constants,
    outputs: total(new Set(graph.outputs)),
    activations,
    peak: inputs + constants + activations,
  };
}
