import { basename } from 'node:path';

/** What a snapshot's name or metadata says about it. */
export interface SnapshotLabel {
  /** Relative length of the average. */
  readonly sigmaRel: number;
  /** Images seen when it was stored. */
  readonly nimg: number;
}

/** `PREFIX-KIMG-STD.safetensors`, as EDM2's training names its snapshots. */
const NAME = /^(.*)-(\d+)-(\d+\.\d+)\.safetensors$/;

/** Metadata keys that tools use, ours first. */
const SIGMA_REL_KEYS = ['sigmaRel', 'sigma_rel', 'ema_std', 'std'];
const NIMG_KEYS = ['nimg', 'cur_nimg'];

/**
 * Images behind the thousands in a file name. Names round down, and EDM2 stores at multiples of 1024 images:
 * `⌊(kimg·1000 + 999) / 1024⌋·1024`.
 */
export const kimgToNimg = (kimg: number): number => Math.floor((kimg * 1000 + 999) / 1024) * 1024;

/** The label of a safetensors file: metadata where it is there, else the name; undefined when neither tells. */
export function labelOf(path: string, metadata: Readonly<Record<string, string>>): SnapshotLabel | undefined {
  const name = NAME.exec(basename(path));
  const sigmaRel = numberOf(metadata, SIGMA_REL_KEYS) ?? (name ? Number(name[3]) : undefined);
  const nimg = numberOf(metadata, NIMG_KEYS) ?? (name ? kimgToNimg(Number(name[2])) : undefined);
  return sigmaRel === undefined || nimg === undefined ? undefined : { sigmaRel, nimg };
}

/** `PREFIX-KIMG-STD.safetensors`: seven digits of thousands of images, three decimals of length or as many as it has. */
export function snapshotName(prefix: string, { sigmaRel, nimg }: SnapshotLabel): string {
  const rounded = sigmaRel.toFixed(3);
  const std = Number(rounded) === sigmaRel ? rounded : String(sigmaRel);
  return `${prefix}-${String(Math.floor(nimg / 1000)).padStart(7, '0')}-${std}.safetensors`;
}

function numberOf(metadata: Readonly<Record<string, string>>, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const text = metadata[key];
    if (text !== undefined && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  }
  return undefined;
}
