import { type Average, type AverageTime, powerEma } from '@edm2/phema/tfjs';
import type { TrainState } from './state.js';
import type { Params } from './tree.js';

/** Lengths that EDM2 tracks: any other can be made of these two afterwards. */
const SIGMA_RELS = [0.05, 0.1] as const;

/** How the averages of a training are asked for. */
export interface AveragesOptions {
  /** The running averages, each with a name of its own; none for an empty list. */
  readonly averages?: readonly Average[];
  /** Short for `averages` of `powerEma(sigmaRel)`, each length in (0, 0.2887); both may be given. Without either: 0.05 and 0.1. */
  readonly emaSigmaRels?: readonly number[];
}

/** @throws {RangeError} when a length is out of range, or two have one name. */
export function averagesOf({ averages, emaSigmaRels }: AveragesOptions): readonly Average[] {
  const sigmaRels = emaSigmaRels ?? (averages ? [] : SIGMA_RELS);
  const all = [...sigmaRels.map((sigmaRel) => powerEma(sigmaRel)), ...(averages ?? [])];
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name))
      throw new RangeError(
        `createTrainStep: expected averages of different names, got ${name} twice. Leave one out, or give it another name.`,
      );
    names.add(name);
  }
  return all;
}

/** A state's averages after a step. A state without any keeps none: it is trained on, and nothing of it is averaged. */
export const moveAverages = (
  averages: readonly Average[],
  ema: TrainState['ema'],
  learned: Params,
  time: AverageTime,
): TrainState['ema'] =>
  Object.fromEntries(averages.flatMap(({ name, step }) => (ema[name] ? [[name, step(ema[name], learned, time)]] : [])));

/** @throws {RangeError} when a state has averages, and not these. */
export function assertAverages(fn: string, ema: TrainState['ema'], averages: readonly Average[]): void {
  const stored = Object.keys(ema);
  const names = averages.map(({ name }) => name);
  if (stored.length === 0) return;
  if (stored.length === names.length && names.every((name) => Object.hasOwn(ema, name))) return;
  throw new RangeError(
    `${fn}: expected state.ema to hold ${names.join(', ') || 'no average'}, got ${stored.join(', ') || 'none'}. Create the step with the averages that the state was begun with.`,
  );
}
