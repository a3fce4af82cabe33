import { basename } from 'node:path';
import { parseSnapshotName, type SnapshotLabel } from '@edm2/tensor-files';
import { sigmaRelToGamma } from '../profile.js';

/** `INDEX.STEP.pt`, as ema-pytorch names its checkpoints. */
const EMA_PYTORCH = /^(\d+)\.(\d+)\.pt$/;

/** Metadata keys that tools use, ours first. */
const SIGMA_REL_KEYS = ['sigmaRel', 'sigma_rel', 'ema_std', 'std'];
const NIMG_KEYS = ['nimg', 'cur_nimg'];

/** What names of files alone do not tell. */
export interface LabelOptions {
  /** Lengths that ema-pytorch tracked, in the order of its `sigma_rels`: its files `INDEX.STEP.pt` tell the index only. */
  readonly track?: readonly number[] | undefined;
  /**
   * Steps between two updates of ema-pytorch's averages, its `update_every`; default 1. It takes the decay of one step for all of them,
   * which makes an average of another profile, γ' = (γ + 1) / update_every − 1: that is the one reckoned with here.
   */
  readonly updateEvery?: number | undefined;
}

/** Whether a file without metadata of its own has a name that tells what it is. */
export const isNamed = (path: string): boolean =>
  path.endsWith('.safetensors') || parseSnapshotName(path) !== undefined || EMA_PYTORCH.test(basename(path));

/**
 * The label of a file: metadata where it is there, else the name; undefined when neither tells. `gamma` is set where the length alone does
 * not give it.
 *
 * @throws {RangeError} when a name tells an index and no length is known for it.
 */
export function labelOf(
  path: string,
  metadata: Readonly<Record<string, string>>,
  options: LabelOptions = {},
): (SnapshotLabel & { readonly gamma?: number }) | undefined {
  const index = EMA_PYTORCH.exec(basename(path));
  if (index) return emaPytorchLabel(path, Number(index[1]), Number(index[2]), options);
  const name = parseSnapshotName(path);
  const sigmaRel = numberOf(metadata, SIGMA_REL_KEYS) ?? name?.sigmaRel;
  const nimg = numberOf(metadata, NIMG_KEYS) ?? name?.nimg;
  return sigmaRel === undefined || nimg === undefined ? undefined : { sigmaRel, nimg };
}

function emaPytorchLabel(
  path: string,
  index: number,
  step: number,
  { track = [], updateEvery = 1 }: LabelOptions,
): SnapshotLabel & { readonly gamma: number } {
  const sigmaRel = track[index];
  if (sigmaRel === undefined)
    throw new RangeError(
      `openSnapshots: expected the lengths that ema-pytorch tracked, got ${track.length} of them for ${path}. Give its sigma_rels, in order: track (--track 0.05,0.28).`,
    );
  const gamma = (sigmaRelToGamma(sigmaRel) + 1) / updateEvery - 1;
  if (!(updateEvery >= 1 && gamma >= 0))
    throw new RangeError(
      `openSnapshots: expected updateEvery from 1 to ${Math.floor(sigmaRelToGamma(sigmaRel) + 1)} for length ${sigmaRel}, got ${updateEvery}. Averaged so seldom with the decay of a single step, early weights count more than late ones: nothing can be made of that.`,
    );
  return { sigmaRel, nimg: step, gamma };
}

function numberOf(metadata: Readonly<Record<string, string>>, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const text = metadata[key];
    if (text !== undefined && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  }
  return undefined;
}
