import { at, type Data, type Node, type Value } from '@edm2/tfjs-jit/graph';
import { type Initializer, MICROSOFT, type OnnxAttribute, type OnnxNode, type OnnxType } from './model.js';

/** Which operators may be used: ONNX's own only, or ONNX Runtime's extensions too. */
export type Dialect = 'standard' | 'onnxruntime';

export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** Which factors are transposed over their last two axes; the ranks matter where that takes an operator of its own. */
export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly rankA: number;
  readonly rankB: number;
}

/** What a lowering writes ONNX nodes with. Tensors are named by text. */
export interface Emitter {
  readonly dialect: Dialect;
  /** Adds an operator with one output and returns its name. */
  op(type: string, inputs: readonly string[], attrs?: OnnxAttributes): string;
  /** Adds an operator with several outputs. */
  ops(type: string, inputs: readonly string[], attrs: OnnxAttributes, count: number): string[];
  /** Adds one of ONNX Runtime's own operators. */
  microsoft(type: string, inputs: readonly string[], attrs?: OnnxAttributes): string;
  /** A list of 64-bit integers: axes, shapes, pads. */
  ints(values: readonly number[]): string;
  /** A 64-bit integer without axes. */
  int(value: number): string;
  /** One number: a scalar, or a tensor of `rank` axes of extent 1, which broadcasts faster than a scalar. */
  scalar(value: number, type?: OnnxType, rank?: number): string;
  tensor(data: Data, shape: readonly number[], type: OnnxType): string;
  /** Reshape, left out when nothing changes. */
  reshape(x: string, shape: readonly number[]): string;
  transpose(x: string, perm: readonly number[]): string;
  /** Makes a tensor once under a key and returns it again later: shared parts of several lowerings. */
  once(key: string, make: () => string): string;
  /** Matrix product; transposing is free in ONNX Runtime's dialect. */
  matmul(a: string, b: string, options: MatMulOptions): string;
  name(value: Value): string;
  /** The data of a value that is a constant. */
  constant(value: Value): Data | undefined;
}

/** Writes the nodes of one kernel call; returns one tensor name per output. */
export type Lowering = (node: Node, emitter: Emitter) => string | readonly string[];
export type Lowerings = Readonly<Record<string, Lowering>>;

export interface OnnxEmitter extends Emitter {
  readonly nodes: OnnxNode[];
  readonly initializers: Initializer[];
  bind(value: Value, name: string): void;
  bindConstant(value: Value, data: Data): void;
  /** Label of the nodes that follow. */
  label(text: string): void;
}

const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const lastTwoSwapped = (rank: number): number[] => [
  ...Array.from({ length: rank - 2 }, (_, i) => i),
  rank - 1,
  rank - 2,
];

export function createEmitter(dialect: Dialect): OnnxEmitter {
  const nodes: OnnxNode[] = [];
  const initializers: Initializer[] = [];
  const names = new Map<Value, string>();
  const constants = new Map<Value, Data>();
  const shared = new Map<string, string>();
  let count = 0;
  let label = '';
  const fresh = (prefix: string): string => `${prefix}${count++}`;

  const add = (
    type: string,
    inputs: readonly string[],
    attrs: OnnxAttributes,
    outputs: number,
    domain: string,
  ): string[] => {
    const made = Array.from({ length: outputs }, () => fresh('t'));
    nodes.push({ type, inputs, outputs: made, attrs, domain, name: `${nodes.length}:${label}` });
    return made;
  };
  const initializer = (bytes: Uint8Array, shape: readonly number[], type: OnnxType): string => {
    const name = fresh('c');
    initializers.push({ name, shape, type, bytes });
    return name;
  };
  const once = (key: string, make: () => string): string => {
    const known = shared.get(key);
    if (known !== undefined) return known;
    const made = make();
    shared.set(key, made);
    return made;
  };

  const emitter: OnnxEmitter = {
    dialect,
    nodes,
    initializers,
    op: (type, inputs, attrs = {}) => at(add(type, inputs, attrs, 1, ''), 0),
    ops: (type, inputs, attrs, outputs) => add(type, inputs, attrs, outputs, ''),
    microsoft: (type, inputs, attrs = {}) => at(add(type, inputs, attrs, 1, MICROSOFT), 0),
    ints: (values) =>
      once(`i64:${values}`, () => initializer(bytesOf(BigInt64Array.from(values, BigInt)), [values.length], 'int64')),
    int: (value) => once(`i64.:${value}`, () => initializer(bytesOf(BigInt64Array.from([BigInt(value)])), [], 'int64')),
    scalar: (value, type = 'float32', rank = 0) =>
      once(`${type}:${rank}:${Object.is(value, -0) ? '-0' : value}`, () => {
        if (type === 'int64') return emitter.int(value);
        const data =
          type === 'float32' ? Float32Array.of(value) : type === 'int32' ? Int32Array.of(value) : Uint8Array.of(value);
        return initializer(bytesOf(data), new Array<number>(rank).fill(1), type);
      }),
    tensor: (data, shape, type) => initializer(bytesOf(data), shape, type),
    // A 0 in the shape would stand for the extent that was there.
    reshape: (x, shape) => emitter.op('Reshape', [x, emitter.ints(shape)], shape.includes(0) ? { allowzero: 1 } : {}),
    transpose: (x, perm) => emitter.op('Transpose', [x], { perm }),
    once,
    matmul(a, b, { transposeA = false, transposeB = false, rankA, rankB }) {
      if (!transposeA && !transposeB) return emitter.op('MatMul', [a, b]);
      if (dialect === 'onnxruntime') {
        return emitter.microsoft('FusedMatMul', [a, b], { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 });
      }
      const left = transposeA ? emitter.transpose(a, lastTwoSwapped(rankA)) : a;
      return emitter.op('MatMul', [left, transposeB ? emitter.transpose(b, lastTwoSwapped(rankB)) : b]);
    },
    name(value) {
      const name = names.get(value);
      if (name === undefined)
        throw new Error(`tfjs-jit: expected value ${value.id} to be lowered before its use, got none.`);
      return name;
    },
    constant: (value) => constants.get(value),
    bind: (value, name) => void names.set(value, name),
    bindConstant(value, data) {
      constants.set(value, data);
      names.set(value, emitter.tensor(data, value.shape, value.dtype));
    },
    label: (text) => {
      label = text;
    },
  };
  return emitter;
}
