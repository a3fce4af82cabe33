import {
  type Attributes,
  type Data,
  type DType,
  type Graph,
  type Node,
  newValue,
  type Origin,
  toData,
  type Value,
} from './graph.js';

/** Collects nodes and constants of a graph under construction. */
export interface GraphBuilder {
  input(shape: readonly number[], dtype: DType): Value;
  constant(values: ArrayLike<number>, shape: readonly number[], dtype: DType): Value;
  /** Adds a node with one output per entry of `outputs`. */
  node(
    kernel: string,
    inputs: readonly Value[],
    attrs: Attributes,
    outputs: readonly Signature[],
    origin: Origin,
  ): Value[];
  /** Adds a node with one output and returns that. */
  one(kernel: string, inputs: readonly Value[], attrs: Attributes, output: Signature, origin: Origin): Value;
  /** Takes over an existing node or value unchanged. */
  adopt(node: Node): void;
  adoptConstant(value: Value, data: Data): void;
  build(inputs: readonly Value[], outputs: readonly Value[]): Graph;
}

/** Shape and dtype of a value to be made. */
export interface Signature {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A new, empty builder. */
export function graphBuilder(): GraphBuilder {
  const constants = new Map<Value, Data>();
  const nodes: Node[] = [];
  const builder: GraphBuilder = {
    input: (shape, dtype) => newValue(shape, dtype),
    constant(values, shape, dtype) {
      const value = newValue(shape, dtype);
      constants.set(value, toData(values, dtype));
      return value;
    },
    node(kernel, inputs, attrs, outputs, { op, source }) {
      const made = outputs.map((o) => newValue(o.shape, o.dtype));
      nodes.push({ kernel, inputs, attrs, outputs: made, op, source });
      return made;
    },
    one(kernel, inputs, attrs, output, { op, source }) {
      const made = newValue(output.shape, output.dtype);
      nodes.push({ kernel, inputs, attrs, outputs: [made], op, source });
      return made;
    },
    adopt: (node) => void nodes.push(node),
    adoptConstant: (value, data) => void constants.set(value, data),
    build: (inputs, outputs) => ({ inputs: [...inputs], constants, nodes, outputs: [...outputs] }),
  };
  return builder;
}
