import { at, type Data, type DType, type Node, sameShape, sizeOf, type Value } from '@edm2/tfjs-jit/graph';
import { type FloatType, HLO_TYPE, type HloType, isFloat, tensorType } from './hlo-type.js';

/** Constants above this many elements are given to every call instead of being written into the module. */
const MAX_IN_TEXT = 4096;

/** A tensor inside the module. */
export interface Ref {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: HloType;
}

/** What an op gives. */
export type Made = Pick<Ref, 'shape' | 'type'>;

/** What a lowering writes StableHLO with. */
export interface Emitter {
  /**
   * Adds an op with one result, of the first operand's shape and type unless told otherwise.
   *
   * @param attributes - its properties, as between `<{` and `}>`.
   * @param region - its body, where it has one.
   */
  op(name: string, operands: readonly Ref[], result?: Partial<Made>, attributes?: string, region?: string): Ref;
  /** Adds an op with several results. */
  ops(name: string, operands: readonly Ref[], results: readonly Made[], attributes?: string, region?: string): Ref[];
  /** One number, in every place of a shape. */
  fill(value: number, shape: readonly number[], type: HloType): Ref;
  /** One number without axes. */
  scalar(value: number, type?: HloType): Ref;
  tensor(data: Data, shape: readonly number[], dtype: DType): Ref;
  /** A number as a tensor of the operand's shape and type. */
  like(x: Ref, value: number): Ref;
  reshape(x: Ref, shape: readonly number[]): Ref;
  transpose(x: Ref, perm: readonly number[]): Ref;
  /** Repeats along axes of 1 and along new first axes, as TensorFlow.js broadcasts. */
  broadcast(x: Ref, shape: readonly number[]): Ref;
  /** A filter's gradient, in the order of its last axis first where the module asks for it. */
  inRows(x: Ref): Ref;
  /** A change of type that rounds or truncates as XLA does. */
  convert(x: Ref, type: HloType): Ref;
  compare(direction: 'EQ' | 'NE' | 'LT' | 'LE' | 'GT' | 'GE', a: Ref, b: Ref): Ref;
  select(condition: Ref, t: Ref, otherwise: Ref): Ref;
  /** Makes a tensor once under a key and returns it again later. */
  once(key: string, make: () => Ref): Ref;
  /** A value in the type that this kernel is computed in: `float` for float32. */
  ref(value: Value): Ref;
  /** What float32 is computed in: itself, or 16 bit. */
  readonly float: FloatType;
  /** The type of a dtype in this kernel. */
  type(dtype: DType): HloType;
  /** The type that a result of this kernel is kept in. */
  kept(value: Value): HloType;
  /** Whether float32 products may be rounded to what tensor cores take. */
  readonly precisionConfig: string;
}

/** Writes the ops of one kernel call; returns one tensor per output. */
export type Lowering = (node: Node, emitter: Emitter) => Ref | readonly Ref[];
export type Lowerings = Readonly<Record<string, Lowering>>;

/** A constant that is an argument of the module, after its inputs. */
export interface CapturedConstant {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: Data;
  readonly ref: Ref;
}

export interface ModuleEmitter extends Emitter {
  readonly lines: string[];
  readonly captured: CapturedConstant[];
  bind(value: Value, ref: Ref): void;
  /** Makes the tensor of a value when it is first asked for. */
  bindLazily(value: Value, make: () => Ref): void;
}

/** What a module's device wants. */
export interface EmitterOptions {
  /** Whether float32 products may be rounded to tensor cores' 19 bits. */
  readonly tf32: boolean;
  /**
   * Whether filters' gradients are brought into the order that filters lie in. A library that gives them in another one (cuDNN does) leaves the
   * change of order to what reads them, the update of weights, moments and averages: XLA then updates none of these in place.
   */
  readonly gradientsInRows: boolean;
}

export const typeOf = ({ shape, type }: Made): string => tensorType(shape, type);

/** 64-bit numbers as a property. */
export const longs = (values: readonly number[]): string =>
  values.length === 0 ? 'array<i64>' : `array<i64: ${values.join(', ')}>`;

/** The region of a reduction that combines two elements by one op. */
export const combine = (op: string, type: HloType): string => {
  const t = tensorType([], type);
  return `{ ^bb0(%a: ${t}, %b: ${t}): %c = stablehlo.${op} %a, %b : ${t} stablehlo.return %c : ${t} }`;
};

/** An emitter with nothing in it. */
export function createEmitter({ tf32, gradientsInRows }: EmitterOptions): ModuleEmitter {
  const lines: string[] = [];
  const captured: CapturedConstant[] = [];
  const refs = new Map<Value, Ref>();
  const makers = new Map<Value, () => Ref>();
  const shared = new Map<string, Ref>();
  let count = 0;

  const once = (key: string, make: () => Ref): Ref => {
    const known = shared.get(key);
    if (known !== undefined) return known;
    const made = make();
    shared.set(key, made);
    return made;
  };
  const constant = (text: string, shape: readonly number[], type: HloType): Ref => {
    const ref = { name: `%${count++}`, shape, type };
    lines.push(`${ref.name} = stablehlo.constant dense<${text}> : ${typeOf(ref)}`);
    return ref;
  };

  const emitter: ModuleEmitter = {
    lines,
    captured,
    float: 'f32',
    type: (dtype) => HLO_TYPE[dtype],
    kept: ({ dtype }) => HLO_TYPE[dtype],
    precisionConfig: tf32 ? '' : ', precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]',
    op(name, operands, result = {}, attributes = '', region = '') {
      const { shape = at(operands, 0).shape, type = at(operands, 0).type } = result;
      return at(emitter.ops(name, operands, [{ shape, type }], attributes, region), 0);
    },
    ops(name, operands, results, attributes = '', region = '') {
      const base = `%${count++}`;
      const properties = attributes === '' ? '' : ` <{${attributes}}>`;
      const body = region === '' ? '' : ` (${region})`;
      const whole = name.includes('.') ? name : `stablehlo.${name}`;
      const given = `(${operands.map(typeOf).join(', ')}) -> (${results.map(typeOf).join(', ')})`;
      const names = operands.map((operand) => operand.name).join(', ');
      const left = results.length === 1 ? base : `${base}:${results.length}`;
      lines.push(`${left} = "${whole}"(${names})${properties}${body} : ${given}`);
      return results.map((made, i) => ({ ...made, name: results.length === 1 ? base : `${base}#${i}` }));
    },
    fill: (value, shape, type) =>
      once(`${typeOf({ shape, type })}:${Object.is(value, -0) ? '-0' : value}`, () =>
        constant(numberText(value, type), shape, type),
      ),
    scalar: (value, type = 'f32') => emitter.fill(value, [], type),
    like: (x, value) => emitter.fill(value, x.shape, x.type),
    tensor(data, shape, dtype) {
      const type = HLO_TYPE[dtype];
      if (data.length > 0 && isUniform(data)) return emitter.fill(data[0] ?? 0, shape, type);
      if (!isInText(data)) {
        const ref = { name: `%captured${captured.length}`, shape, type };
        captured.push({ shape, dtype, data, ref });
        return ref;
      }
      if (data.length === 0) return constant('', shape, type);
      if (dtype !== 'bool') return constant(`"0x${hex(data)}"`, shape, type);
      return emitter.convert(constant(`"0x${hex(data)}"`, shape, 'ui8'), 'i1');
    },
    reshape: (x, shape) => (sameShape(x.shape, shape) ? x : emitter.op('reshape', [x], { shape })),
    transpose: (x, perm) =>
      perm.every((axis, i) => axis === i)
        ? x
        : emitter.op(
            'transpose',
            [x],
            { shape: perm.map((axis) => at(x.shape, axis)) },
            `permutation = ${longs(perm)}`,
          ),
    broadcast(x, shape) {
      if (sameShape(x.shape, shape)) return x;
      const before = shape.length - x.shape.length;
      const dimensions = x.shape.map((_, axis) => before + axis);
      return emitter.op('broadcast_in_dim', [x], { shape }, `broadcast_dimensions = ${longs(dimensions)}`);
    },
    inRows(x) {
      if (!gradientsInRows) return x;
      const order = `[dense<[${x.shape.map((_, i) => x.shape.length - 1 - i).join(', ')}]> : tensor<${x.shape.length}xindex>]`;
      const attributes = `call_target_name = "LayoutConstraint", operand_layouts = ${order}, result_layouts = ${order}`;
      return emitter.op('custom_call', [x], {}, attributes);
    },
    convert: (x, type) => (x.type === type ? x : emitter.op('convert', [x], { type })),
    compare(direction, a, b) {
      const kind = isFloat(a.type) ? 'FLOAT' : a.type === 'i1' || a.type === 'ui8' ? 'UNSIGNED' : 'SIGNED';
      const attributes = `comparison_direction = #stablehlo<comparison_direction ${direction}>, compare_type = #stablehlo<comparison_type ${kind}>`;
      return emitter.op('compare', [a, b], { type: 'i1' }, attributes);
    },
    select: (condition, t, otherwise) =>
      emitter.op('select', [condition, t, otherwise], { shape: t.shape, type: t.type }),
    once,
    ref(value) {
      const ref = refs.get(value) ?? makers.get(value)?.();
      if (ref === undefined)
        throw new Error(`tfjs-xla: expected value ${value.id} to be lowered before its use, got none. Report it.`);
      refs.set(value, ref);
      return ref;
    },
    bind: (value, ref) => void refs.set(value, ref),
    bindLazily: (value, make) => void makers.set(value, make),
  };
  return emitter;
}

/** Whether all elements are one number; zeros of both signs are two. */
export const isUniform = (data: Data): boolean => data.every((x: number) => Object.is(x, data[0]));

/** Whether a constant is written into the module; others are arguments of it. */
export const isInText = (data: Data): boolean => data.length <= MAX_IN_TEXT || isUniform(data);

const hex = (data: Data): string => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');

/** A number as MLIR reads it: bits where digits would round or have no word. */
function numberText(value: number, type: HloType): string {
  if (type === 'i1') return value === 0 ? 'false' : 'true';
  if (!isFloat(type)) return String(Math.trunc(value));
  const view = new DataView(new ArrayBuffer(8));
  if (type === 'f64') {
    view.setFloat64(0, value);
    return `0x${view.getBigUint64(0).toString(16).padStart(16, '0').toUpperCase()}`;
  }
  if (type === 'bf16' || type === 'f16') return halfText(value, type);
  view.setFloat32(0, value);
  return `0x${view.getUint32(0).toString(16).padStart(8, '0').toUpperCase()}`;
}

/** Digits, which the compiler rounds to 16 bit; it has no word for what is not finite. */
function halfText(value: number, type: 'bf16' | 'f16'): string {
  if (Number.isNaN(value)) return type === 'bf16' ? '0x7FC0' : '0x7E00';
  const infinity = type === 'bf16' ? 0x7f80 : 0x7c00;
  if (!Number.isFinite(value)) return `0x${(value > 0 ? infinity : infinity | 0x8000).toString(16).toUpperCase()}`;
  const [digits = '', exponent] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${Object.is(value, -0) ? '-0' : digits}.0`}e${exponent}`;
}

/** Number of elements along some axes. */
export const countOf = (shape: readonly number[], axes: readonly number[]): number =>
  sizeOf(axes.map((axis) => at(shape, axis)));
