import {
  at,
  type Data,
  type DType,
  ELEMENTWISE,
  type Node,
  newValue,
  type Origin,
  sizeOf,
  type Value,
} from '@edm2/tfjs-jit/graph';

/** A stretch of the flat tensor. */
export interface Stretch {
  readonly offset: number;
  readonly length: number;
}

/** What a packer works on. */
export interface PackerContext {
  readonly producers: ReadonlyMap<Value, Node>;
  readonly constants: ReadonlyMap<Value, Data>;
  /** Size of each member. */
  readonly sizes: readonly number[];
  readonly stretches: readonly Stretch[];
  /** Receives the new nodes. */
  readonly added: Node[];
  /** The stretch of a state bundle whose members are exactly these graph inputs. */
  stateInput(values: readonly Value[], stretch: number): Value | undefined;
}

/** Rewrites equal computations on several tensors as one on their concatenation. */
export interface Packer {
  /** The values, one per member, as one flat tensor, cut to a stretch. */
  pack(values: readonly Value[], stretch: number): Value;
  /** True when one element-by-element kernel computed every value: packing then saves work. */
  fits(values: readonly Value[]): boolean;
}

/** A packer for one segment of a family. */
export function packer({ producers, constants, sizes, stretches, added, stateInput }: PackerContext): Packer {
  const known = new Map<string, Value>();
  const once = (key: string, make: () => Value): Value => {
    const same = known.get(key);
    if (same !== undefined) return same;
    const made = make();
    known.set(key, made);
    return made;
  };
  const emit = (
    kernel: string,
    inputs: readonly Value[],
    attrs: Node['attrs'],
    shape: readonly number[],
    dtype: DType,
    { op, source }: Origin,
  ): Value => {
    const made = newValue(shape, dtype);
    added.push({ kernel, inputs, attrs, outputs: [made], op, source });
    return made;
  };
  const ids = (values: readonly Value[]): string => values.map((value) => value.id).join();

  /** What a number of one element is, whatever shape it was given to broadcast. */
  const root = (value: Value): Value | string => {
    const node = producers.get(value);
    if (node?.kernel === 'Reshape' && sizeOf(value.shape) === 1) return root(at(node.inputs, 0));
    const data = constants.get(value);
    return data?.length === 1 ? `${value.dtype}:${Object.is(data[0], -0) ? '-0' : data[0]}` : value;
  };

  /** All members multiply by the same learning rate: one scalar, which broadcasts. */
  const isShared = (values: readonly Value[]): boolean => {
    const [first] = values;
    if (first === undefined || values.some((value) => sizeOf(value.shape) !== 1)) return false;
    const same = root(first);
    return values.every((value) => root(value) === same) && !(sizes.length === 1 && sizes[0] === 1);
  };
  const isMemberwise = (values: readonly Value[]): boolean =>
    values.every((value, i) => sizeOf(value.shape) === sizes[i]);

  /** The kernel that computed every value, when it is one and works element by element. */
  const commonKernel = (values: readonly Value[]): Node[] | undefined => {
    const nodes = values.flatMap((value) => producers.get(value) ?? []);
    const [first] = nodes;
    if (first === undefined || nodes.length !== values.length || !ELEMENTWISE.has(first.kernel)) return undefined;
    const attrs = JSON.stringify(first.attrs);
    const alike = nodes.every(
      (node) =>
        node.kernel === first.kernel &&
        node.inputs.length === first.inputs.length &&
        JSON.stringify(node.attrs) === attrs,
    );
    if (!alike) return undefined;
    const operands = first.inputs.map((_, k) => nodes.map((node) => at(node.inputs, k)));
    return operands.every((operand) => isShared(operand) || isMemberwise(operand)) ? nodes : undefined;
  };

  const scalar = (value: Value): Value => {
    const source = root(value);
    const from = typeof source === 'string' ? value : source;
    if (from.shape.length === 0) return from;
    return once(`scalar:${typeof source === 'string' ? source : source.id}`, () =>
      emit('Reshape', [from], { shape: [] }, [], from.dtype, { op: 'pack' }),
    );
  };

  /** Values that are computed one by one: put side by side, or cut up. */
  const gather = (values: readonly Value[], stretch: number): Value => {
    const { offset, length } = at(stretches, stretch);
    const whole = once(`whole:${ids(values)}`, () => {
      const flat = values.map((value, i) => {
        const size = at(sizes, i);
        return emit('Reshape', [value], { shape: [size] }, [size], value.dtype, { op: 'pack' });
      });
      const total = sizes.reduce((sum, size) => sum + size, 0);
      return flat.length === 1
        ? at(flat, 0)
        : emit('Concat', flat, { axis: 0 }, [total], at(flat, 0).dtype, { op: 'pack' });
    });
    if (stretches.length === 1) return whole;
    return emit('Slice', [whole], { begin: [offset], size: [length] }, [length], whole.dtype, { op: 'pack' });
  };

  const pack = (values: readonly Value[], stretch: number): Value =>
    once(`${stretch}:${ids(values)}`, () => {
      const input = stateInput(values, stretch);
      if (input !== undefined) return input;
      const nodes = commonKernel(values);
      const [first] = nodes ?? [];
      if (nodes === undefined || first === undefined) return gather(values, stretch);
      const inputs = first.inputs.map((operand, k) => {
        const operands = nodes.map((node) => at(node.inputs, k));
        return isShared(operands) ? scalar(operand) : pack(operands, stretch);
      });
      return emit(first.kernel, inputs, first.attrs, [at(stretches, stretch).length], at(values, 0).dtype, first);
    });

  return { pack, fits: (values) => commonKernel(values) !== undefined };
}
