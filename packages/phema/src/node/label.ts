import { basename } from 'node:path';
import { parseSnapshotName, type SnapshotLabel } from '@edm2/tensor-files';
import { gammaToSigmaRel, sigmaRelToGamma } from '../profile.js';
import { OptionError } from './option-error.js';

/** `INDEX.STEP.pt`, as ema-pytorch names its checkpoints. */
const EMA_PYTORCH = /^(\d+)\.(\d+)\.pt$/;

/** Metadata keys that tools use, ours first. */
const SIGMA_REL_KEYS = ['sigmaRel', 'sigma_rel', 'ema_std', 'std'];
const NIMG_KEYS = ['nimg', 'cur_nimg'];

/** What names of files alone do not tell. */
export interface LabelOptions {
  /** Lengths that ema-pytorch tracked, in the order of its `sigma_rels`: its files `INDEX.STEP.pt` tell the index only. */
  readonly track?: readonly number[] | undefined;
  /** The same as exponents, where ema-pytorch was given `gammas`. One of the two. */
  readonly gammas?: readonly number[] | undefined;
}

/** What is known of a file. */
export interface FileLabel extends SnapshotLabel {
  readonly gamma: number;
  /** Where the label comes from. */
  readonly source: 'metadata' | 'name' | 'ema-pytorch';
}

/** Whether a file is one of ema-pytorch's by its name. */
export const isEmaPytorch = (path: string): boolean => EMA_PYTORCH.test(basename(path));

/** Whether a file without metadata of its own has a name that tells what it is. */
export const isNamed = (path: string): boolean =>
  path.endsWith('.safetensors') || parseSnapshotName(path) !== undefined || isEmaPytorch(path);

/**
 * The label of a file: metadata where it is there, else the name; undefined when neither tells.
 *
 * @throws {OptionError} when a name tells an index and no length is known for it.
 * @throws {RangeError} when the length is out of range.
 */
export function labelOf(
  path: string,
  metadata: Readonly<Record<string, string>>,
  options: LabelOptions = {},
): FileLabel | undefined {
  const index = EMA_PYTORCH.exec(basename(path));
  if (index) return emaPytorchLabel(path, Number(index[1]), Number(index[2]), options);
  const name = parseSnapshotName(path);
  const told = numberOf(metadata, NIMG_KEYS);
  const sigmaRel = numberOf(metadata, SIGMA_REL_KEYS) ?? name?.sigmaRel;
  const nimg = told ?? name?.nimg;
  if (sigmaRel === undefined || nimg === undefined) return undefined;
  const exact = told !== undefined || name?.exact;
  return { sigmaRel, nimg, gamma: gammaOf(path, sigmaRel), source: exact ? 'metadata' : 'name' };
}

function gammaOf(path: string, sigmaRel: number): number {
  try {
    return sigmaRelToGamma(sigmaRel);
  } catch (cause) {
    throw new RangeError(
      `openSnapshots: expected 0 < sigmaRel < 0.2887 in ${path}, got ${sigmaRel}. Is it an average?`,
      { cause },
    );
  }
}

/** ema-pytorch counts updates and knows no images: its time is what an EMA's length is relative to, in whichever unit. */
function emaPytorchLabel(path: string, index: number, step: number, options: LabelOptions): FileLabel {
  const { track, gammas } = options;
  const lengths = track ?? gammas?.map(gammaToSigmaRel) ?? [];
  const sigmaRel = lengths[index];
  if (sigmaRel === undefined || (track && gammas))
    throw new OptionError((option) =>
      [
        `openSnapshots: expected at least ${index + 1} of the lengths that ema-pytorch tracked, in order,`,
        `got ${track && gammas ? 'both lengths and exponents' : lengths.length} for ${path}.`,
        `Give its sigma_rels as ${option('track')}, or its gammas as ${option('gammas')}.`,
      ].join(' '),
    );
  return { sigmaRel, nimg: step, gamma: gammas?.[index] ?? gammaOf(path, sigmaRel), source: 'ema-pytorch' };
}

function numberOf(metadata: Readonly<Record<string, string>>, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const text = metadata[key];
    if (text !== undefined && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  }
  return undefined;
}
