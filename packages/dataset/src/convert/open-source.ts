import { parseNpyHeader } from '@edm2/tensor-files';
import { imageKind } from '../decode/image-kind.js';
import { type Labelled, readLabels, withoutJson } from '../file-labels.js';
import { type FileSource, readHead } from '../file-source.js';
import type { Labels } from '../labels.js';
import { HEADER_BYTES } from '../limits.js';
import { closeStored, openStored, type Stored, type StoredOptions } from '../open-stored.js';
import type { DatasetReport } from '../report.js';
import { countPassedOver } from '../sort-files.js';
import { centre, nextPowerOfTwo } from '../stack/fit-square.js';
import { stackAlpha, stackImage } from '../stack/stack-axes.js';
import type { Stack } from '../stack/stack-samples.js';
import type { MaskedPicture } from '../transform/picture.js';
import type { Size } from '../transform/transforms.js';
import type { Dataset } from '../types.js';
import { imageSize } from './image-size.js';

/** Images to convert, nothing of them decoded. */
export interface ConvertSource {
  readonly kind: Dataset['kind'];
  readonly count: number;
  readonly labels: Labels;
  readonly report: DatasetReport;
  /** Inside the source. */
  name(index: number): string;
  /** For errors. */
  pathOf(index: number): string;
  /** Width and height as far as they are known without decoding. */
  size(index: number): Promise<Size | undefined>;
  /** Whether its images are arrays of floats, such as latents: ready as they are. */
  floats(): Promise<boolean>;
  /** The bytes of a file, or pixels. */
  read(index: number): Promise<Uint8Array | MaskedPicture>;
  /** What tells this source from another, in a fixed order. */
  identity(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/**
 * Opens images to convert: all that `openDataset` opens, whatever the size and proportions of its images.
 *
 * @throws {DatasetError} (rejects) as `openDataset` says.
 */
export async function openSource(path: string, options: StoredOptions): Promise<ConvertSource> {
  const stored = await openStored(path, options);
  try {
    return await sourceOf(stored, options);
  } catch (error) {
    await closeStored(stored);
    throw error;
  }
}

/** What is stored as images to convert. */
export const sourceOf = async (stored: Stored, options: StoredOptions): Promise<ConvertSource> =>
  stored.kind === 'stack' ? ofStack(stored.stack) : ofFiles(stored, options);

async function ofFiles(
  { source, sorted, layout }: Extract<Stored, { kind: 'files' }>,
  options: StoredOptions,
): Promise<ConvertSource> {
  const { samples: names, others } = sorted;
  const { labels, report }: Labelled = await readLabels(source, names, others, layout, options);
  const nameOf = (index: number): string => names[index] as string;
  return {
    kind: source.kind,
    count: names.length,
    labels,
    report: {
      root: layout.root,
      passedOver: [...(source.passedOver ?? []), ...countPassedOver(withoutJson(others, layout))],
      labels: report,
      changes: source.changes ?? [],
    },
    name: nameOf,
    pathOf: (index) => source.pathOf(nameOf(index)),
    size: (index) => imageSize(source, nameOf(index)),
    floats: () => holdsFloats(source, nameOf(0)),
    read: (index) => source.read(nameOf(index)),
    identity: async () => [...names, ...(await source.identity(names))],
    close: () => source.close(),
  };
}

/** By the header of the first one; what is damaged is no array. */
async function holdsFloats(source: FileSource, name: string): Promise<boolean> {
  const head = await readHead(source, name, HEADER_BYTES).catch(() => new Uint8Array(0));
  if (imageKind(head) !== 'npy') return false;
  try {
    return parseNpyHeader(head, name).dtype !== '|u1';
  } catch {
    return true;
  }
}

/** Images of IDX files are set on black, 28 to 32 pixels, as everybody trains on them; those of other arrays stay as they are. */
function ofStack(stack: Stack): ConvertSource {
  const { axes, name, path } = stack;
  const { count, height, width } = axes;
  const side = nextPowerOfTwo(height);
  const padded = stack.kind === 'idx' && height === width && side !== height;
  const channels = axes.channels === 1 ? 1 : 3;
  return {
    kind: stack.kind,
    count,
    labels: stack.labels,
    report: {
      ...stack.report,
      changes: [...stack.report.changes, ...(padded ? [`${height}×${width} centred on black of ${side}×${side}`] : [])],
    },
    name: (index) => `${name}#${index}`,
    pathOf: (index) => `${path}#${index}`,
    size: async () => (padded ? { width: side, height: side } : { width, height }),
    floats: async () => false,
    read: async (index) => {
      const values = await stack.values(index);
      const data = stackImage(values, axes);
      if (!padded)
        return { width, height, channels, data, ...(axes.channels === 4 ? { alpha: stackAlpha(values, axes) } : {}) };
      return { width: side, height: side, channels, data: centre(data, height, side, channels) };
    },
    identity: () => stack.identity(),
    close: () => stack.close(),
  };
}
