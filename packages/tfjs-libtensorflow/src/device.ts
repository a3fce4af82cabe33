import type { Device } from './native/devices.js';

/** A device as a user names it. */
export interface WantedDevice {
  readonly kind: 'auto' | 'cpu' | 'gpu';
  /** Which GPU, counted from 0. */
  readonly index: number;
  readonly text: string;
}

/**
 * Reads `auto`, `cpu`, `gpu` or `gpu:<index>`.
 *
 * @throws {RangeError} for anything else.
 */
export function parseDevice(text: string): WantedDevice {
  const match = /^(?:(auto|cpu|gpu)|gpu:(\d+))$/.exec(text);
  if (match === null)
    throw new RangeError(
      `startLibtensorflow: expected device to be auto, cpu, gpu or gpu:<index>, got ${text}. Leave it out for the best that answers.`,
    );
  return { kind: (match[1] ?? 'gpu') as WantedDevice['kind'], index: Number(match[2] ?? 0), text };
}

/**
 * The device to run on. TensorFlow goes to the CPU silently when no GPU answers; a GPU that was asked for is refused here.
 *
 * @param devices - those that TensorFlow lists, where the wanted GPU is the only one.
 * @throws {Error} when a GPU was asked for by name and none answers.
 */
export function deviceOf(devices: readonly Device[], { kind, text }: WantedDevice): string {
  const gpu = devices.find(({ type }) => type === 'GPU');
  const cpu = devices.find(({ type }) => type === 'CPU');
  if (kind === 'gpu' && gpu === undefined)
    throw new Error(
      `startLibtensorflow: expected ${text} to answer, got no GPU from TensorFlow. Check the driver with nvidia-smi, or leave device out to run on the CPU.`,
    );
  const chosen = kind === 'cpu' ? cpu : (gpu ?? cpu);
  if (chosen === undefined)
    throw new Error('startLibtensorflow: expected a device, got none from TensorFlow. Install the library again.');
  return chosen.name;
}
