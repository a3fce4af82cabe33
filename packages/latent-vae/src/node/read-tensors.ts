import { basename } from 'node:path';
import { fromStateDict, type ParameterSpec, toFileShape } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import type { Params } from '../network.js';
import type { Weights } from './weights.js';

/** Types that weights may have. */
const FLOATS = new Set<string>(['F32', 'F16', 'BF16', 'F64']);

/** What is looked for in a file. */
export interface WantedTensors {
  /** Who asks, for errors. */
  readonly fn: string;
  readonly parameters: readonly ParameterSpec[];
  /** Names that the file may have for a parameter, the likeliest first. */
  readonly namesOf: (name: string) => readonly string[];
  /** Whether the file may hold nothing else. */
  readonly only: boolean;
  readonly path: string;
}

/**
 * Where the file has each parameter; everything checked.
 *
 * @throws {RangeError} when a tensor is missing, misshapen or, with `only`, one is there that nothing asks for.
 */
export function findTensors({ entries, opaque }: Weights, wanted: WantedTensors): Map<string, string> {
  const { fn, parameters, namesOf, only, path } = wanted;
  const fail = (expected: string, got: string): never => {
    throw new RangeError(
      `${fn}: expected ${basename(path)} to hold ${expected}, got ${got}. Check that it belongs to the config.json beside it (${path}).`,
    );
  };
  const names = new Map<string, string>();
  for (const { name, shape } of parameters) {
    const candidates = namesOf(name);
    const stored = candidates.find((candidate) => entries.has(candidate));
    const kinds = candidates.flatMap((candidate) => opaque.get(candidate) ?? []);
    if (stored === undefined) return fail(candidates[0] ?? name, kinds[0] ?? 'no such tensor');
    const entry = entries.get(stored);
    const expected = toFileShape(shape);
    if (!fits(expected, entry?.shape ?? [])) fail(`${stored} of shape [${expected}]`, `[${entry?.shape}]`);
    if (!FLOATS.has(entry?.dtype ?? '')) fail(`${stored} as floats`, entry?.dtype ?? 'nothing');
    names.set(name, stored);
  }
  if (!only) return names;
  const known = new Set(names.values());
  const extra = [...entries.keys()].filter((name) => !known.has(name));
  if (extra.length > 0)
    fail(`the ${parameters.length} tensors of the network only`, `${extra.length} more, ${extra[0]} first`);
  return names;
}

/** Whether a stored shape is the one expected; latent diffusion's attention has 1×1 convolutions where diffusers has matrices. */
const fits = (expected: readonly number[], stored: readonly number[]): boolean =>
  stored.join() === expected.join() ||
  (expected.length === 2 && stored.length === 4 && stored.join() === [...expected, 1, 1].join());

/** Reads what was found as float32 tensors, one at a time. @returns new tensors, the caller's; none when one cannot be read. */
export async function readTensors(
  weights: Weights,
  parameters: readonly ParameterSpec[],
  names: ReadonlyMap<string, string>,
): Promise<Params> {
  const params: Params = {};
  try {
    for (const spec of parameters) {
      const { data } = await weights.readFloat32(names.get(spec.name) ?? spec.name);
      Object.assign(params, fromStateDict([spec], { [spec.name]: { shape: toFileShape(spec.shape), data } }));
    }
    return params;
  } catch (error) {
    tf.dispose(params);
    throw error;
  }
}
