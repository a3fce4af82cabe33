import { at, type Data, type DType, type Node, sizeOf, type Value } from '@edm2/tfjs-jit/graph';
import type { GraphNode, NodeAttributes, TensorType } from './graph-def.js';
import type { TensorflowConstant } from './model.js';

/** Constants above this many elements are fed at every call instead of being written into the graph. */
const MAX_IN_GRAPH = 1024;

/** A tensor inside the graph. */
export interface Ref {
  readonly name: string;
  readonly dtype: TensorType;
}

/** What a lowering writes TensorFlow nodes with. */
export interface Emitter {
  /**
   * Adds a node with one output whose attribute `T` is its first input's dtype.
   *
   * @param dtype - of the output; default: as the first input.
   */
  op(type: string, inputs: readonly Ref[], attrs?: NodeAttributes, dtype?: TensorType): Ref;
  /** Adds a node exactly as given, with one output per entry of `dtypes`; it runs after the nodes named in `after`. */
  node(
    type: string,
    inputs: readonly Ref[],
    attrs: NodeAttributes,
    dtypes: readonly TensorType[],
    after?: readonly string[],
  ): Ref[];
  /** An int32 vector: axes, shapes, paddings. */
  ints(values: readonly number[]): Ref;
  /** One number without axes. */
  scalar(value: number, dtype?: DType): Ref;
  tensor(data: Data, shape: readonly number[], dtype: DType): Ref;
  reshape(x: Ref, shape: readonly number[]): Ref;
  cast(x: Ref, to: TensorType): Ref;
  /** Makes a tensor once under a key and returns it again later: shared parts of several lowerings. */
  once(key: string, make: () => Ref): Ref;
  ref(value: Value): Ref;
}

/** Writes the nodes of one kernel call; returns one tensor per output. */
export type Lowering = (node: Node, emitter: Emitter) => Ref | readonly Ref[];
export type Lowerings = Readonly<Record<string, Lowering>>;

export interface GraphEmitter extends Emitter {
  readonly nodes: GraphNode[];
  readonly captured: TensorflowConstant[];
  bind(value: Value, ref: Ref): void;
  /** Makes the tensor of a value when it is first asked for. */
  bindLazily(value: Value, make: () => Ref): void;
  /** Names of the nodes that no other node takes anything from yet, arguments left out. */
  ends(): string[];
  /** Adds a node of a given name. */
  named(name: string, type: string, inputs: readonly Ref[], attrs: NodeAttributes, dtype: TensorType): Ref;
  /** Name of the nodes that follow, beside their number. */
  label(text: string): void;
}

const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** What a node's name may not hold. */
const NOT_IN_NAMES = /[^A-Za-z0-9_.-]/g;

/** The node that an input comes from. */
const nodeOf = (input: string): string => input.replace(/^\^/, '').replace(/:\d+$/, '');

/** An emitter with an empty graph. */
export function createEmitter(): GraphEmitter {
  const nodes: GraphNode[] = [];
  const captured: TensorflowConstant[] = [];
  const refs = new Map<Value, Ref>();
  const makers = new Map<Value, () => Ref>();
  const shared = new Map<string, Ref>();
  let label = '';

  const add = (
    name: string,
    op: string,
    inputs: readonly Ref[],
    attrs: NodeAttributes,
    after: readonly string[],
  ): string => {
    const order = [...new Set(after)].map((other) => `^${other}`);
    nodes.push({ name, op, inputs: [...inputs.map((input) => input.name), ...order], attrs });
    return name;
  };
  const next = (op: string): string => `n${nodes.length}.${op}${label}`;
  const once = (key: string, make: () => Ref): Ref => {
    const known = shared.get(key);
    if (known !== undefined) return known;
    const made = make();
    shared.set(key, made);
    return made;
  };

  const emitter: GraphEmitter = {
    nodes,
    captured,
    op: (type, inputs, attrs = {}, dtype = at(inputs, 0).dtype) =>
      at(emitter.node(type, inputs, { T: { type: at(inputs, 0).dtype }, ...attrs }, [dtype]), 0),
    node(type, inputs, attrs, dtypes, after = []) {
      const name = add(next(type), type, inputs, attrs, after);
      return dtypes.map((dtype, i) => ({ name: i === 0 ? name : `${name}:${i}`, dtype }));
    },
    named: (name, type, inputs, attrs, dtype) => ({ name: add(name, type, inputs, attrs, []), dtype }),
    ints: (values) => once(`ints:${values}`, () => emitter.tensor(Int32Array.from(values), [values.length], 'int32')),
    scalar: (value, dtype = 'float32') =>
      once(`${dtype}:${Object.is(value, -0) ? '-0' : value}`, () => {
        const data =
          dtype === 'float32'
            ? Float32Array.of(value)
            : dtype === 'int32'
              ? Int32Array.of(value)
              : Uint8Array.of(value);
        return emitter.tensor(data, [], dtype);
      }),
    tensor(data, shape, dtype) {
      if (sizeOf(shape) > MAX_IN_GRAPH) {
        const node = `captured${captured.length}`;
        captured.push({ node, shape, dtype, data });
        return emitter.named(node, 'Placeholder', [], { dtype: { type: dtype }, shape: { shape } }, dtype);
      }
      const value = { tensor: { dtype, shape, bytes: bytesOf(data) } };
      return at(emitter.node('Const', [], { dtype: { type: dtype }, value }, [dtype]), 0);
    },
    reshape: (x, shape) => emitter.op('Reshape', [x, emitter.ints(shape)], { Tshape: { type: 'int32' } }),
    cast(x, to) {
      if (x.dtype === to) return x;
      const attrs = { SrcT: { type: x.dtype }, DstT: { type: to }, Truncate: { bool: false } };
      return at(emitter.node('Cast', [x], attrs, [to]), 0);
    },
    once,
    ref(value) {
      const ref = refs.get(value) ?? makers.get(value)?.();
      if (ref === undefined)
        throw new Error(`tfjs-jit: expected value ${value.id} to be lowered before its use, got none.`);
      refs.set(value, ref);
      return ref;
    },
    bind: (value, ref) => void refs.set(value, ref),
    bindLazily: (value, make) => void makers.set(value, make),
    ends() {
      const taken = new Set(nodes.flatMap((node) => node.inputs.map(nodeOf)));
      return nodes.filter(({ op, name }) => op !== 'Placeholder' && !taken.has(name)).map(({ name }) => name);
    },
    label: (text) => {
      label = text === '' ? '' : `.${text.replace(NOT_IN_NAMES, '_')}`;
    },
  };
  return emitter;
}
