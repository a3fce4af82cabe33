import { known, type OptionNames } from '@edm2/options';
import { type TensorData, toFloat32 } from '@edm2/tensor-files';
import { prepareRecall, type Synthesis } from '../synthesis.js';
import { combineChunks } from './combine.js';
import { copiedTensors } from './copied-tensors.js';
import { roundoffOf } from './float-type.js';
import type { Snapshot } from './snapshot.js';
import { OPEN_OPTIONS, type OpenSnapshotsOptions, openOptionsOf, openSnapshots } from './snapshots.js';
import { findTime } from './stored-time.js';

/** What to leave out. */
export interface LeaveOneOutOptions extends OpenSnapshotsOptions {
  /** Folder of stored averages, or the files. */
  readonly input: string | readonly string[];
  /** Length of the average to leave out; default each tracked one. */
  readonly sigmaRel?: number | undefined;
  /** Its time in images; default the last stored. */
  readonly t?: number | undefined;
  /** The same by its label; see `ReconstructOptions`. */
  readonly kimg?: number | undefined;
  /** Leave out every snapshot of that length, not only the one at `t`. Default false. */
  readonly wholeTrack?: boolean | undefined;
  /** Divide the weights by their sum; see `SynthesisOptions`. Default true. */
  readonly normalize?: boolean | undefined;
  readonly onProgress?: ((progress: { readonly bytesRead: number; readonly bytesTotal: number }) => void) | undefined;
}

/** A stored average against its reconstruction from the others. */
export interface LeftOut {
  readonly sigmaRel: number;
  readonly nimg: number;
  readonly path: string;
  /** Snapshots that it was reconstructed from. */
  readonly from: number;
  /** Predicted: `‖p − Σ wᵢpᵢ‖ / ‖p‖`. */
  readonly profileError: number;
  /** Measured: `‖reconstructed − stored‖ / ‖stored‖` over all averaged numbers. */
  readonly relativeError: number;
  /** The same against how far the stored average with most weight is by itself: `‖reconstructed − stored‖ / ‖that one − stored‖`. */
  readonly relativeToNearest: number;
  /** The tensor that is worst off, and its own relative error. */
  readonly worst: { readonly name: string; readonly relativeError: number };
  /** Numbers left out of all this, because one of the averages has infinity or NaN there. */
  readonly notFinite: number;
}

const OPTIONS: OptionNames<LeaveOneOutOptions> = {
  ...OPEN_OPTIONS,
  input: true,
  sigmaRel: true,
  t: true,
  kimg: true,
  wholeTrack: true,
  normalize: true,
  onProgress: true,
};

/**
 * Measures reconstruction on averages that are known: leaves a stored one out, reconstructs it from the others that are
 * not later, and compares. Constant memory.
 *
 * @returns one row per average left out.
 * @throws {RangeError} when no such average is stored or nothing is left to reconstruct it from.
 */
export async function leaveOneOut(options: LeaveOneOutOptions): Promise<LeftOut[]> {
  known('leaveOneOut', options, OPTIONS);
  const set = await openSnapshots(options.input, openOptionsOf(options));
  try {
    const { t } = findTime('leaveOneOut', set.times, set.unit, options);
    const chosen = set.snapshots.filter(
      ({ nimg, sigmaRel }) => nimg === t && (options.sigmaRel === undefined || sigmaRel === options.sigmaRel),
    );
    if (chosen.length === 0)
      throw new RangeError(
        `leaveOneOut: expected a stored average of sigmaRel ${options.sigmaRel ?? 'any'} at t = ${t}, got times ${set.times.join(', ')} and lengths ${set.sigmaRels.join(', ')}. Choose one of those.`,
      );
    const cases = chosen.map((left) => ({ left, others: othersOf(set.snapshots, left, options.wholeTrack ?? false) }));
    const bytesTotal = cases.reduce((sum, { others }) => sum + set.bytes * (others.length + 1), 0);
    let bytesRead = 0;
    const onBytes = (bytes: number) => {
      bytesRead += bytes;
      options.onProgress?.({ bytesRead, bytesTotal });
    };
    const rows: LeftOut[] = [];
    const recall = prepareRecall(
      set.snapshots.map(({ profile }) => profile),
      { normalize: options.normalize, roundoff: roundoffOf(set.dtype) },
    );
    const placeOf = (one: Snapshot): number => set.snapshots.indexOf(one);
    const copied = await copiedTensors(set, set.snapshots, undefined, options.signal);
    const names = [...set.entries.keys()].filter((name) => !copied.has(name));
    for (const { left, others } of cases) {
      const synthesis = recall(others.map(placeOf), placeOf(left));
      rows.push(await compare({ left, others, names, synthesis, signal: options.signal, onBytes }));
    }
    return rows;
  } finally {
    await set.close();
  }
}

function othersOf(all: readonly Snapshot[], left: Snapshot, wholeTrack: boolean): Snapshot[] {
  const others = all.filter(
    (one) => one !== left && one.nimg <= left.nimg && !(wholeTrack && one.sigmaRel === left.sigmaRel),
  );
  if (others.length === 0)
    throw new RangeError(
      `leaveOneOut: expected other averages not later than ${left.path}, got none. Leave out a later one, or only one snapshot.`,
    );
  return others;
}

interface Comparison {
  readonly left: Snapshot;
  readonly others: readonly Snapshot[];
  /** Tensors that are averaged. */
  readonly names: readonly string[];
  readonly synthesis: Synthesis;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number) => void;
}

async function compare({ left, others, names, synthesis, signal, onBytes }: Comparison): Promise<LeftOut> {
  const { weights, profileError } = synthesis;
  const nearest = weights.reduce((best, weight, i) => (weight > (weights[best] as number) ? i : best), 0);
  const alone = new Float64Array(others.length);
  alone[nearest] = 1;
  const sets = [weights, alone];
  const files = others.map(({ file }) => file);
  let notFinite = 0;
  const byTensor = new Map<string, { error: number; apart: number; norm: number }>();
  for await (const { name, begin, end, sums } of combineChunks({
    files,
    weightsOf: () => sets,
    names,
    signal,
    onBytes,
  })) {
    const stored = asFloats(await left.file.readRange(name, begin, end), left.file.entries.get(name)?.dtype ?? 'F32');
    const total = byTensor.get(name) ?? { error: 0, apart: 0, norm: 0 };
    for (let i = 0; i < stored.length; i++) {
      const value = stored[i] as number;
      const [error, apart] = [(sums[0]?.[i] as number) - value, (sums[1]?.[i] as number) - value];
      if (!Number.isFinite(error + apart)) {
        notFinite++;
        continue;
      }
      total.error += error ** 2;
      total.apart += apart ** 2;
      total.norm += value ** 2;
    }
    byTensor.set(name, total);
  }
  const sum = (key: 'error' | 'apart' | 'norm') => [...byTensor.values()].reduce((all, one) => all + one[key], 0);
  const [worst = ['', { error: 0, norm: 1 }] as const] = [...byTensor].sort(
    ([, a], [, b]) => share(b.error, b.norm) - share(a.error, a.norm),
  );
  return {
    sigmaRel: left.sigmaRel,
    nimg: left.nimg,
    path: left.path,
    from: others.length,
    profileError,
    relativeError: share(sum('error'), sum('norm')),
    relativeToNearest: share(sum('error'), sum('apart')),
    worst: { name: worst[0], relativeError: share(worst[1].error, worst[1].norm) },
    notFinite,
  };
}

/** `√(a / b)`, and 0 for nothing of nothing. */
const share = (a: number, b: number): number => (a === 0 ? 0 : Math.sqrt(a / b));

const asFloats = (data: TensorData, dtype: Parameters<typeof toFloat32>[1]): Float32Array | Float64Array =>
  data instanceof Float64Array ? data : toFloat32(data, dtype);
