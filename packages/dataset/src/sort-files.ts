import { isAppleDouble } from '@edm2/tensor-files';
import { FOREIGN_BYTES, foreignKind } from './decode/foreign-kind.js';
import { imageKind } from './decode/image-kind.js';
import { byCodeUnits, extensionOf, type FileSource, isHidden, isSample, readHead } from './file-source.js';
import { CONCURRENCY, MAX_SNIFFED } from './limits.js';
import { mapLimit } from './map-limit.js';
import type { PassedOver } from './report.js';

/** Files by what they are to a dataset. */
export interface SortedFiles {
  /** Images and arrays, sorted by code units. */
  readonly samples: readonly string[];
  /** Every other file with the reason why it is not used. */
  readonly others: ReadonlyMap<string, string>;
}

/** Not used, and nobody expects that they are. */
const COMPANIONS = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\.git[^/]*)$/i;
/** Files that are certainly not images and need not be opened, and copies of images that do not belong to a dataset. */
const NO_IMAGE =
  /\.(json|jsonl|txt|csv|tsv|md|xml|html?|ya?ml|toml|ini|log|py|ipynb|js|ts|sh|parquet|h5|hdf5|mat|pkl|pickle|pth?|ckpt|safetensors|onnx|db|npz|zip|tar|gz|tgz|bz2|xz|zst|7z|rar|mp4|mov|avi|webm|mkv|mp3|wav|tmp|part|partial|crdownload|bak|old|orig|swp)$|~$/i;

/** Other kinds of images by extension, for files that do not begin like one that is known. */
const UNREAD =
  /\.(heic|heif|jp2|j2k|jpc|jpf|jpx|jxl|jxr|psd|exr|hdr|tga|ico|cur|pcx|qoi|dds|xcf|raw|cr2|cr3|nef|arw|dng|orf|pam|pfm|ras|sgi|xbm|xpm|fits|dcm|nii)$/i;

const NOT_AN_IMAGE = 'no image';
const HIDDEN = 'hidden';

/**
 * Tells images from other files: by the extension where it is a known one, else by the first bytes. What a file with a known extension
 * really is shows when it is decoded.
 *
 * @param files - names of `source`.
 */
export async function sortFiles(source: FileSource, files: readonly string[]): Promise<SortedFiles> {
  const samples: string[] = [];
  const others = new Map<string, string>();
  const unknown: string[] = [];
  for (const name of files) {
    if (isSample(name)) samples.push(name);
    else if (COMPANIONS.test(name) || isAppleDouble(name)) continue;
    else if (isHidden(name)) others.set(name, HIDDEN);
    else if (NO_IMAGE.test(name) || unknown.length >= MAX_SNIFFED) others.set(name, NOT_AN_IMAGE);
    else unknown.push(name);
  }
  const kinds = new Array<'image' | string>(unknown.length);
  await mapLimit(unknown.length, CONCURRENCY, async (i) => {
    const name = unknown[i] ?? '';
    // A file that cannot be opened is not one that anybody sees as an image.
    const head = await readHead(source, name, FOREIGN_BYTES).catch(() => undefined);
    if (head === undefined) kinds[i] = 'cannot be read';
    else if (imageKind(head) !== undefined) kinds[i] = 'image';
    else kinds[i] = reasonOf(name, head);
  });
  unknown.forEach((name, i) => {
    if (kinds[i] === 'image') samples.push(name);
    else others.set(name, kinds[i] ?? NOT_AN_IMAGE);
  });
  return { samples: samples.sort(byCodeUnits), others };
}

function reasonOf(name: string, head: Uint8Array): string {
  const foreign = foreignKind(head);
  if (foreign?.isImage) return foreign.name;
  if (UNREAD.test(name)) return 'an image of a kind that is not read';
  // A reason that quotes the file would be counted for each file alone.
  return foreign && !foreign.name.includes('(') ? foreign.name : NOT_AN_IMAGE;
}

/** Whether a reason of {@link sortFiles} is that of an image: it would be missed. */
export const isUnreadImage = (reason: string): boolean => / read$/.test(reason);

/** Files with their reasons → counts by extension and reason, the most frequent first, images of other kinds before all. */
export function countPassedOver(others: ReadonlyMap<string, string>): PassedOver[] {
  const found = new Map<string, PassedOver>();
  for (const [example, reason] of others) {
    const extension = extensionOf(example);
    const key = `${extension}\n${reason}`;
    const entry = found.get(key);
    found.set(key, { extension, reason, count: (entry?.count ?? 0) + 1, example: entry?.example ?? example });
  }
  const rank = ({ reason }: PassedOver): number => (isUnreadImage(reason) ? 0 : 1);
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || b.count - a.count);
}
