import type { Data, Graph, Node, Value } from '../graph/graph.js';

/** Constants up to this many elements are compared by content; larger ones only by identity. */
const MAX_COMPARED = 64;

/** Computes equal kernel calls once: same kernel, same attributes, same inputs. Equal small constants are merged too. */
export function mergeCommonSubexpressions(graph: Graph): Graph {
  const replaced = new Map<Value, Value>();
  const current = (value: Value): Value => replaced.get(value) ?? value;
  const constants = new Map<Value, Data>();
  const known = new Map<string, Value>();
  for (const [value, data] of graph.constants) {
    const key = data.length <= MAX_COMPARED ? `${value.dtype}|${value.shape}|${exact(data)}` : `#${value.id}`;
    const same = known.get(key);
    if (same === undefined) {
      known.set(key, value);
      constants.set(value, data);
    } else replaced.set(value, same);
  }
  const made = new Map<string, Node>();
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(current);
    const shapes = node.outputs.map((output) => `${output.dtype}${output.shape}`).join(';');
    const key = `${node.kernel}|${inputs.map((value) => value.id)}|${JSON.stringify(node.attrs, exactNumbers)}|${shapes}`;
    const same = made.get(key);
    if (same === undefined) {
      const kept = { ...node, inputs };
      made.set(key, kept);
      nodes.push(kept);
      continue;
    }
    node.outputs.forEach((output, i) => {
      const other = same.outputs[i];
      if (other !== undefined) replaced.set(output, other);
    });
  }
  return { inputs: graph.inputs, constants, nodes, outputs: graph.outputs.map(current) };
}

/** Content as text; -0 and 0 differ. */
const exact = (data: Data): string => Array.from(data, (x) => (Object.is(x, -0) ? '-0' : String(x))).join(',');

/** JSON has no infinities, NaN or -0; as text they stay apart. */
const exactNumbers = (_: string, value: unknown): unknown =>
  typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? `${Object.is(value, -0) ? '-0' : value}`
    : value;
