import { type Data, sizeOf } from '@edm2/tfjs-jit/graph';

/** Axis along which a tensor is split over all devices; undefined: whole on each. */
export type Split = number | undefined;

/**
 * How the tensors of a compiled function lie over the devices.
 *
 * @param name - path in the arguments or in the result, such as `1.images` or `state.params.unet.out_gain`.
 * @param shape - of the whole tensor.
 * @returns the axis that is split, one that divides by the number of devices; undefined: whole on every device.
 */
export type Layout = (name: string, shape: readonly number[]) => Split;

/** Layouts of arguments and results. */
export interface Sharding {
  /** For a data-parallel step: the batch along its first axis, and everything else whole. */
  readonly arguments: Layout;
  /** Default: everything whole. */
  readonly results?: Layout;
}

/** Splits of a module's inputs and outputs over a number of devices. */
export interface Splits {
  readonly devices: number;
  readonly inputs: readonly Split[];
  readonly outputs: readonly Split[];
}

/** Shape of what one device holds. */
export const partShape = (shape: readonly number[], split: Split, devices: number): number[] =>
  shape.map((n, axis) => (axis === split ? n / devices : n));

/** Elements of the part that a device holds, and where each run of them lies in the whole. */
function* runs(
  shape: readonly number[],
  split: number,
  devices: number,
  device: number,
): Generator<{ whole: number; part: number; length: number }> {
  const [outer, inner] = [sizeOf(shape.slice(0, split)), sizeOf(shape.slice(split))];
  const length = inner / devices;
  for (let i = 0; i < outer; i++) yield { whole: i * inner + device * length, part: i * length, length };
}

/** The part of an array that a device holds. */
export function partOf(data: Data, shape: readonly number[], split: Split, devices: number, device: number): Data {
  if (split === undefined) return data;
  const part = data.slice(0, data.length / devices);
  for (const { whole, part: at, length } of runs(shape, split, devices, device))
    part.set(data.subarray(whole, whole + length), at);
  return part;
}

/** Puts the part of a device where it belongs in the whole. */
export function putPart(
  whole: Data,
  part: Data,
  shape: readonly number[],
  split: number,
  devices: number,
  device: number,
): void {
  for (const { whole: at, part: from, length } of runs(shape, split, devices, device))
    whole.set(part.subarray(from, from + length), at);
}

/**
 * Splits of a function's tensors.
 *
 * @throws {RangeError} for an axis that there is not, or that does not divide.
 */
export function splitsOf(
  ports: readonly { readonly shape: readonly number[] }[],
  names: readonly string[],
  layout: Layout | undefined,
  devices: number,
): Split[] {
  return ports.map(({ shape }, i) => {
    const name = names[i];
    const split = name === undefined ? undefined : layout?.(name, shape);
    if (split === undefined) return undefined;
    const extent = shape[split];
    if (extent === undefined || extent % devices !== 0)
      throw new RangeError(
        `sharded: expected an axis of '${name}' [${shape}] that divides by ${devices} devices, got axis ${split}. Choose a batch that is a multiple of ${devices}, or leave the tensor whole.`,
      );
    return split;
  });
}
