import { at } from '../kernels/spec.js';
import type { Evaluate } from './evaluate.js';
import { type Data, type Node, sizeOf, toData, type Value } from './graph.js';

/** Where values of a graph under construction come from. */
export interface Origins {
  /** The data of a constant. */
  readonly constant: (value: Value) => Data | undefined;
  /** The kernel call that makes a value; none for inputs. */
  readonly maker: (value: Value) => Node | undefined;
}

/** Kernels whose result depends on their input's shape alone. */
const BY_SHAPE: Readonly<Record<string, number>> = { ZerosLike: 0, OnesLike: 1 };

/** A value that something depends on, and that is not known before the compiled function runs. */
export class Unknown {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }
}

/**
 * Works out what values hold that depend on constants alone: each kernel once, however often it is asked for.
 *
 * @param evaluate - runs one kernel.
 * @returns the data, or the first value on the way that is not known.
 */
export function knownValues({ constant, maker }: Origins, evaluate: Evaluate): (value: Value) => Data | Unknown {
  const known = new Map<Value, Data | Unknown>();

  const make = (node: Node): void => {
    const fill = BY_SHAPE[node.kernel];
    const inputs = node.inputs.map((input) => known.get(input));
    const missing = inputs.find((data) => data instanceof Unknown || data === undefined);
    const made =
      fill !== undefined
        ? node.outputs.map(({ shape, dtype }) => toData(new Array<number>(sizeOf(shape)).fill(fill), dtype))
        : missing === undefined
          ? evaluate(node, inputs as Data[])
          : undefined;
    node.outputs.forEach((output, i) => {
      const data = made?.[i] ?? (missing instanceof Unknown ? missing : new Unknown(output));
      known.set(output, data);
    });
  };

  return (wanted) => {
    // Without recursion: a network is deeper than the stack.
    const pending = [wanted];
    while (pending.length > 0) {
      const value = at(pending, pending.length - 1);
      const data = known.get(value) ?? constant(value);
      const node = maker(value);
      if (data !== undefined || node === undefined) known.set(value, data ?? new Unknown(value));
      else {
        const waiting = node.kernel in BY_SHAPE ? [] : node.inputs.filter((input) => !known.has(input));
        if (waiting.length > 0 && !node.inputs.some((input) => known.get(input) instanceof Unknown)) {
          pending.push(at(waiting, 0));
          continue;
        }
        make(node);
      }
      pending.pop();
    }
    return known.get(wanted) ?? new Unknown(wanted);
  };
}
