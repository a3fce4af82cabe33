import {
  at,
  ELEMENTWISE,
  type Graph,
  type Node,
  newValue,
  producersOf,
  removeDeadCode,
  type StateLeaf,
  sizeOf,
  type Value,
} from '@edm2/tfjs-jit/graph';
import { type Family, families, type Member, type Segment, segments } from './families.js';
import { packer } from './packer.js';

/** Elements that are updated at a time: with everything that an optimizer touches this stays in a core's cache. */
const CHUNK = 1 << 17;

/** Several state tensors that lie one behind the other in one array, and the stretches of it that the graph takes or gives. */
export interface Bundle {
  /** Positions of the tensors, in memory order. */
  readonly members: readonly number[];
  /** Graph inputs or outputs over stretches of the array. */
  readonly chunks: readonly { readonly value: Value; readonly offset: number }[];
}

/** A graph whose state goes in and out in bundles. */
export interface Packed {
  readonly graph: Graph;
  readonly inputBundles: readonly Bundle[];
  readonly outputBundles: readonly Bundle[];
}

/**
 * Updates many small state tensors as few flat ones: the optimizer's and the averages' element-by-element kernels, the
 * same for every parameter, run once on all parameters side by side instead of once per parameter, and large parameters
 * run in chunks that stay in cache from the first kernel to the last.
 *
 * Nothing is copied for it: an engine holds the tensors one behind the other and hands the graph views of that array.
 *
 * @param graph - laid out; inputs and outputs as `state` counts them.
 * @param state - what goes in and comes out, in memory orders that agree.
 */
export function packState(graph: Graph, state: readonly StateLeaf[], chunk = CHUNK): Packed {
  const producers = producersOf(graph);
  const updated = state.filter(({ output }) => isUpdate(graph.outputs[output], producers));
  const added: Node[] = [];
  const inputBundles: Bundle[] = [];
  const outputBundles: Bundle[] = [];
  for (const family of families(updated, graph.outputs, (output) => updateOf(output, producers))) {
    for (const segment of worthwhile(family, chunk)) {
      const packed = packSegment(graph, family, segment, producers, chunk, added);
      inputBundles.push(...packed.inputs);
      outputBundles.push(...packed.outputs);
    }
  }
  const replaced = new Set(outputBundles.flatMap((bundle) => bundle.members));
  const chunksOf = (bundles: readonly Bundle[]): Value[] => bundles.flatMap((b) => b.chunks.map((c) => c.value));
  const outputs = [...graph.outputs.filter((_, i) => !replaced.has(i)), ...chunksOf(outputBundles)];
  const live = removeDeadCode({ ...graph, nodes: [...graph.nodes, ...added], outputs });
  const used = new Set<Value>([...live.outputs, ...live.nodes.flatMap((node) => node.inputs)]);
  const covered = new Set(inputBundles.flatMap((bundle) => bundle.members));
  const inputs = [...graph.inputs.filter((value, i) => used.has(value) || !covered.has(i)), ...chunksOf(inputBundles)];
  return { graph: { ...live, inputs }, inputBundles, outputBundles };
}

/** True for state that an element-by-element kernel of its own size gives. */
function isUpdate(output: Value | undefined, producers: ReadonlyMap<Value, Node>): boolean {
  const node = output && producers.get(output);
  return output?.dtype === 'float32' && node !== undefined && ELEMENTWISE.has(node.kernel);
}

/** What distinguishes the last kernel of an update. */
function updateOf(output: Value, producers: ReadonlyMap<Value, Node>): string {
  const node = producers.get(output);
  return node === undefined ? '' : `${node.kernel}${JSON.stringify(node.attrs)}`;
}

/** Segments of more than one tensor, or of one that is worth cutting up. */
const worthwhile = (family: Family, chunk: number): Segment[] =>
  segments(family.members, chunk).filter((segment) => segment.members.length > 1 || segment.size > chunk);

function packSegment(
  graph: Graph,
  family: Family,
  segment: Segment,
  producers: ReadonlyMap<Value, Node>,
  chunk: number,
  added: Node[],
): { inputs: Bundle[]; outputs: Bundle[] } {
  const leaf = (member: Member, container: string): StateLeaf =>
    at([member.leaves.get(container)].filter(isDefined), 0);
  const inputsOf = (container: string): number[] => segment.members.map((member) => leaf(member, container).input);
  const count = Math.ceil(segment.size / chunk);
  const stretches = Array.from({ length: count }, (_, i) => {
    const offset = Math.floor((segment.size * i) / count);
    return { offset, length: Math.floor((segment.size * (i + 1)) / count) - offset };
  });
  const stateInputs = new Map(
    family.containers.map((container) => {
      const members = inputsOf(container);
      const chunks = stretches.map(({ offset, length }) => ({ offset, value: newValue([length], 'float32') }));
      return [container, { bundle: { members, chunks }, values: members.map((i) => at(graph.inputs, i)) }];
    }),
  );
  const taken = new Set<string>();
  const packers = packer({
    producers,
    constants: graph.constants,
    sizes: segment.members.map((member) =>
      sizeOf(at(graph.outputs, leaf(member, family.containers[0] ?? '').output).shape),
    ),
    stretches,
    added,
    stateInput(values, stretch) {
      for (const [container, known] of stateInputs) {
        if (!known.values.every((value, i) => value === values[i])) continue;
        taken.add(container);
        return at(known.bundle.chunks, stretch).value;
      }
      return undefined;
    },
  });
  const outputs = family.containers.flatMap((container): Bundle[] => {
    const members = segment.members.map((member) => leaf(member, container).output);
    const values = members.map((i) => at(graph.outputs, i));
    if (!packers.fits(values)) return [];
    return [{ members, chunks: stretches.map(({ offset }, i) => ({ offset, value: packers.pack(values, i) })) }];
  });
  return {
    inputs: [...stateInputs].filter(([container]) => taken.has(container)).map(([, { bundle }]) => bundle),
    outputs,
  };
}

const isDefined = <T>(value: T | undefined): value is T => value !== undefined;
