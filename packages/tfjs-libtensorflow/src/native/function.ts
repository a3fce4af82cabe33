import { protobufWriter } from '@edm2/protobuf';
import type { Output, Pointer } from './api.js';
import type { Runtime } from './runtime.js';

/** A graph to be run as one operation. */
export interface FunctionDefinition {
  /** Unique within the runtime. */
  readonly name: string;
  /** Serialized GraphDef. */
  readonly graphDef: Uint8Array;
  /** Placeholders, in the order of the arguments. */
  readonly inputs: readonly string[];
  /** Results: `name`, or `name:1` for another output than the first. */
  readonly outputs: readonly string[];
  /** Nodes that run whether or not a result needs them. */
  readonly done: readonly string[];
  /** True compiles the whole function with XLA at its first call. */
  readonly xla?: boolean;
}

/**
 * Makes a graph known to the runtime as a function, to be run by its name.
 *
 * @returns what takes it away again.
 * @throws {TensorflowError} when TensorFlow does not take the graph.
 * @throws {RangeError} when a named node is not in it.
 */
export function addFunction(runtime: Runtime, definition: FunctionDefinition): () => void {
  const { api, context } = runtime;
  const { name } = definition;
  const graph = api.TF_NewGraph();
  let native: Pointer | undefined;
  try {
    importGraph(runtime, graph, definition);
    native = toFunction(runtime, graph, definition);
    if (definition.xla) {
      const marked = protobufWriter();
      marked.int(5, 1); // AttrValue.b
      const value = marked.finish();
      const made = native;
      runtime.checked(`marking ${name} for XLA`, (status) =>
        api.TF_FunctionSetAttrValueProto(made, '_XlaMustCompile', value, value.length, status),
      );
    }
    const made = native;
    runtime.checked(`adding the function ${name}`, (status) => api.TFE_ContextAddFunction(context, made, status));
    runtime.functions++;
  } finally {
    if (native !== undefined) api.TF_DeleteFunction(native);
    api.TF_DeleteGraph(graph);
  }
  return () => {
    runtime.checked(`removing the function ${name}`, (status) => api.TFE_ContextRemoveFunction(context, name, status));
    runtime.functions--;
  };
}

function importGraph(runtime: Runtime, graph: Pointer, { name, graphDef }: FunctionDefinition): void {
  const { api } = runtime;
  const buffer = api.TF_NewBufferFromString(graphDef, graphDef.length);
  const options = api.TF_NewImportGraphDefOptions();
  try {
    runtime.checked(`importing the graph of ${name}`, (status) =>
      api.TF_GraphImportGraphDef(graph, buffer, options, status),
    );
  } finally {
    api.TF_DeleteImportGraphDefOptions(options);
    api.TF_DeleteBuffer(buffer);
  }
}

function toFunction(runtime: Runtime, graph: Pointer, definition: FunctionDefinition): Pointer {
  const { name } = definition;
  const node = (wanted: string): Pointer => {
    const found = runtime.api.TF_GraphOperationByName(graph, wanted);
    if (found !== null && found !== 0n) return found;
    throw new RangeError(`addFunction: expected ${name} to have a node ${wanted}, got none. Name a node of the graph.`);
  };
  const output = (text: string): Output => {
    const [wanted = '', index = '0'] = text.split(':');
    return { oper: node(wanted), index: Number(index) };
  };
  const inputs = definition.inputs.map(output);
  const outputs = definition.outputs.map(output);
  const done = BigUint64Array.from(definition.done, node);
  return runtime.checked(`making the function ${name}`, (status) =>
    runtime.api.TF_GraphToFunctionWithControlOutputs(
      graph,
      name,
      0, // no hash after the name
      -1, // the whole graph
      null,
      inputs.length,
      inputs,
      outputs.length,
      outputs,
      null,
      done.length,
      done,
      null,
      null,
      null,
      status,
    ),
  );
}
