import type { Graph } from '../../graph/graph.js';
import { at } from '../../kernels/spec.js';
import { unsupportedKernel } from '../../trace/unsupported.js';
import { createEmitter, type GraphEmitter } from './emitter.js';
import { encodeGraphDef } from './graph-def.js';
import type { TensorflowInput, TensorflowModel, TensorflowOutput } from './model.js';
import { LOWERINGS } from './table.js';

/**
 * Writes a graph as the body of a TensorFlow function.
 *
 * @param graph - kernels in TensorFlow.js's own layout.
 * @throws {Error} when a kernel has no lowering: names it, the op that asked for it, and the supported ones.
 */
export function lowerToTensorflow(graph: Graph): TensorflowModel {
  const emitter = createEmitter();
  const inputs = graph.inputs.map(({ shape, dtype }, i): TensorflowInput => {
    emitter.bind(
      at(graph.inputs, i),
      emitter.named(`in${i}`, 'Placeholder', [], { dtype: { type: dtype }, shape: { shape } }, dtype),
    );
    return { node: `in${i}`, shape, dtype, variable: false };
  });
  for (const [value, data] of graph.constants) emitter.bind(value, emitter.tensor(data, value.shape, value.dtype));
  lowerNodes(graph, emitter);
  const outputs = graph.outputs.map((value, i): TensorflowOutput => {
    const source = emitter.ref(value);
    // An output of its own node: TensorFlow returns neither a placeholder nor one tensor twice.
    const { name } = emitter.named(`out${i}`, 'Identity', [source], { T: { type: source.dtype } }, source.dtype);
    return { kind: 'tensor', node: name, shape: value.shape, dtype: value.dtype };
  });
  const graphDef = encodeGraphDef(emitter.nodes);
  return { format: 'tensorflow', graphDef, inputs, outputs, captured: emitter.captured, done: [] };
}

function lowerNodes(graph: Graph, emitter: GraphEmitter): void {
  for (const node of graph.nodes) {
    const lowering = LOWERINGS[node.kernel];
    if (lowering === undefined) throw unsupportedKernel(node.kernel, node.op, Object.keys(LOWERINGS));
    emitter.label(node.op);
    const made = lowering(node, emitter);
    const refs = 'name' in made ? [made] : made;
    node.outputs.forEach((output, i) => void emitter.bind(output, at(refs, i)));
  }
  emitter.label('');
}
