import type { UNet } from '@edm2/edm2-unet';
import type { Uncertainty } from '@edm2/loss-weighting';
import { known } from '@edm2/options';
import { type NamedTensorInput, readSafetensors, type SafetensorsFile, writeSafetensors } from '@edm2/tensor-files';
import { fromFileLayout, toFileLayout, toFileShape } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { assertState } from '../assert.js';
import type { TrainState } from '../state.js';
import type { TensorTree } from '../tree.js';
import { fromPaths, toPaths } from './paths.js';

/** The four parts of a state, which also begin the names in its file. */
const PARTS = ['params', 'uncertainty', 'moments', 'ema'] as const;

/**
 * Writes all that resuming needs as one safetensors file, float32, bit for bit.
 *
 * Names are the paths in the state: `params/unet.out_conv.weight`, `uncertainty/logvar_linear.weight`, for Adam
 * `moments/first/…`, `moments/second/…`, `moments/step`, `moments/correction1`, `moments/correction2`, and `ema/0.05/…`.
 * Layouts are the files' (filters OIHW, kernels `[out, in]`), so any reader of safetensors finds PyTorch's state dicts in it.
 * The file appears under its name only when it is whole, with a checksum in it.
 *
 * @param path - final name; its folder must exist.
 * @param state - read tensor by tensor: neither dispose nor donate it before the promise resolves.
 * @param metadata - text to find again at resuming, such as the number of images seen.
 * @throws {TypeError} when a tensor is not float32 or a metadata field is not text.
 * @throws {RangeError} when a name holds a slash.
 * @throws {Error} of the file system; nothing is left behind then.
 */
export async function saveState(
  path: string,
  state: TrainState,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { params, uncertainty, moments, ema } = state;
  const leaves = toPaths({ params, uncertainty, moments, ema });
  await writeSafetensors(path, leaves.map(fileEntry), metadata);
}

function fileEntry([name, tensor]: [string, tf.Tensor]): NamedTensorInput {
  if (tensor.dtype !== 'float32')
    throw new TypeError(`saveState: expected ${name} to be float32, got ${tensor.dtype}. Keep the state in float32.`);
  return {
    name,
    dtype: 'F32',
    shape: toFileShape(tensor.shape),
    data: async () => toFileLayout(await tensor.data<'float32'>(), tensor.shape),
  };
}

/** What a state is checked against before it is read. */
export interface LoadStateOptions {
  /** The net that is to go on training. */
  readonly unet?: UNet;
  /** Its uncertainty head. */
  readonly uncertainty?: Uncertainty | undefined;
}

/**
 * Reads what {@link saveState} wrote. The whole file is compared with its checksum first.
 *
 * @param path - the file.
 * @param options - with a net, its parameters' names and shapes are checked before anything is read.
 * @returns the state as new tensors on the current backend, the caller's, and the metadata as it was given.
 * @throws {RangeError} when the file is no training state, or one of another net.
 * @throws {SafetensorsParseError} when the file is damaged or truncated.
 * @throws {Error} of the file system.
 */
export async function loadState(
  path: string,
  options: LoadStateOptions = {},
): Promise<{ state: TrainState; metadata: Record<string, string> }> {
  const { unet, uncertainty } = known('loadState', options, { unet: true, uncertainty: true });
  const file = await readSafetensors(path);
  try {
    const shapes = new Map([...file.entries].map(([name, { shape }]) => [name, ourShape(shape)]));
    assertParts(file, path);
    if (unet) {
      const described = fromPaths(
        path,
        [...shapes].map(([name, shape]) => [name, { shape }]),
      );
      assertState(`loadState ${path}`, { params: {}, uncertainty: {}, ...described }, unet, uncertainty);
    }
    await file.verify();
    return { state: await readTensors(file, shapes), metadata: { ...file.metadata } };
  } finally {
    await file.close();
  }
}

async function readTensors(file: SafetensorsFile, shapes: ReadonlyMap<string, number[]>): Promise<TrainState> {
  const leaves: [string, tf.Tensor][] = [];
  try {
    for (const [name, shape] of shapes) {
      const { data } = await file.readFloat32(name);
      leaves.push([name, tf.tensor(fromFileLayout(data, shape), shape, 'float32')]);
    }
    const empty = Object.fromEntries(PARTS.map((part) => [part, {}]));
    return { ...empty, ...fromPaths(file.path, leaves) } as unknown as TrainState<TensorTree>;
  } catch (error) {
    tf.dispose(leaves.map(([, tensor]) => tensor));
    throw error;
  }
}

/** Inverse of `toFileShape`. */
function ourShape(shape: readonly number[]): number[] {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  if (shape.length === 4) return [c, d, b, a];
  return shape.length === 2 ? [b, a] : [...shape];
}

function assertParts(file: SafetensorsFile, path: string): void {
  const stray = file.names.find((name) => !PARTS.some((part) => name.startsWith(`${part}/`)));
  if (stray !== undefined || !file.names.some((name) => name.startsWith('params/')))
    throw new RangeError(
      `loadState: expected a training state with names below ${PARTS.join('/, ')}/, got ${stray ?? 'no params/'} in ${path}. ` +
        'Weights alone are read with loadNetwork.',
    );
}
