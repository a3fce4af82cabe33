import { createHash } from 'node:crypto';
import { createWriter, type DatasetWriter } from '../create-writer.js';
import { CONVERSIONS } from '../decode/conversions.js';
import { DatasetError } from '../errors.js';
import type { Labels } from '../labels.js';
import { MAX_RESOLUTION } from '../limits.js';
import { mapLimit } from '../map-limit.js';
import { spellingOf } from '../spelling.js';
import { createTally } from '../tally.js';
import type { Size } from '../transform/transforms.js';
import { convertImage, type ImageJob, type ImageResult, type ImageSettings, refusalOf } from './convert-image.js';
import { type ConvertOptions, settingsOf } from './convert-options.js';
import { readLabelTable } from './label-table.js';
import { nearDuplicates } from './near-duplicates.js';
import { type ConvertSource, openSource } from './open-source.js';
import { type ConvertReport, createRefusals } from './report.js';

/**
 * Makes a dataset in EDM2's format of images of any kind and size: opens them as `openDataset` does, crops and resizes each, and writes
 * `00000/img00000000.png` and `dataset.json`. Image n of the source is number n of the result; one that is passed over leaves its number
 * out. Interrupted, it goes on where it was; the result does not depend on threads or interruptions.
 *
 * @param source - whatever `openDataset` opens, of any size and proportions.
 * @param dest - folder, or zip when it ends in `.zip`, that is not there yet; undefined: writes nothing, and reports what would be done.
 * @returns what became of the images.
 * @throws {DatasetError} (rejects) as `openDataset` says; empty when no image can be used; mixed-size; not-writable.
 * @throws {RangeError} (rejects) when an option is unknown or out of range.
 */
export async function convertDataset(
  source: string,
  dest: string | undefined,
  options: ConvertOptions = {},
): Promise<ConvertReport> {
  const settings = settingsOf(options);
  const { labels = true, split, flags, maxImages, imageColumn: image, labelColumn: label } = options;
  const spelling = spellingOf(flags);
  const useLabels = labels === true;
  const stored = await openSource(source, {
    useLabels,
    labelDim: undefined,
    split,
    columns: { image, label },
    spelling,
  });
  try {
    const images = typeof labels === 'string' ? await withTable(stored, labels) : stored;
    const count = Math.min(images.count, maxImages ?? images.count);
    const writer =
      dest === undefined ? undefined : await createWriter(dest, await writerOptions(images, count, settings));
    return await convertAll(source, images, count, settings, writer, options);
  } finally {
    await stored.close();
  }
}

/** The same images with the labels of a table. */
async function withTable(images: ConvertSource, table: string): Promise<ConvertSource> {
  const names = Array.from({ length: images.count }, (_, i) => images.name(i));
  const { labels, report } = await readLabelTable(table, names);
  return { ...images, labels, report: { ...images.report, labels: report } };
}

async function writerOptions(images: ConvertSource, count: number, settings: ImageSettings) {
  const hash = createHash('sha256');
  for (const part of await images.identity()) hash.update(`${part}\n`);
  hash.update(images.labels.kind);
  return {
    kind: 'images' as const,
    sync: false,
    settings: { source: hash.digest('hex').slice(0, 16), count, ...settings },
  };
}

async function convertAll(
  source: string,
  images: ConvertSource,
  count: number,
  settings: ImageSettings,
  writer: DatasetWriter | undefined,
  { convert = convertImage, concurrency = 8, onProgress, signal }: ConvertOptions,
): Promise<ConvertReport> {
  const refusals = createRefusals((index) => images.name(index));
  const tally = createTally(count, (index) => images.name(index));
  const thumbs = new Map<number, Uint8Array>();
  const taken = new Set<number>();
  const uncertain: number[] = [];
  let [done, side, first] = [0, settings.size?.width, ''];

  const take = async (index: number, result: Extract<ImageResult, { png: unknown }>): Promise<void> => {
    const path = images.pathOf(index);
    if (side === undefined) {
      checkSide(path, result);
      [side, first] = [result.width, path];
    }
    if (result.width !== side || result.height !== side) throw mixedSize(path, result, side, first);
    await writer?.add(index, result.png);
    tally.add(index, result.conversions);
    if (result.thumbnail) thumbs.set(index, result.thumbnail);
    taken.add(index);
  };
  const one = async (index: number, run: (job: ImageJob) => Promise<ImageResult>, last: boolean): Promise<void> => {
    if (writer?.has(index) && side !== undefined && !settings.thumbnails) {
      taken.add(index);
      return void onProgress?.({ done: ++done, total: count });
    }
    const path = images.pathOf(index);
    const image = await images.read(index).catch((error: unknown) => {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      return refusal;
    });
    const result = 'refused' in image ? image : await run({ image, path, settings });
    if ('png' in result) await take(index, result);
    // A decoder's words are the whole process's: what fails beside others is judged once more, alone.
    else if (!last && result.refused !== 'too-small') return void uncertain.push(index);
    else refusals.add(index, result.refused, result.why);
    onProgress?.({ done: ++done, total: count });
  };

  // Without a size the first image decides, whichever thread is the quickest.
  let begin = 0;
  while (side === undefined && begin < count) await one(begin++, convertImage, true);
  await mapLimit(
    count - begin,
    concurrency,
    async (i) => one(begin + i, convert, false),
    () => signal?.throwIfAborted(),
  );
  for (const index of uncertain.sort((a, b) => a - b)) {
    signal?.throwIfAborted();
    await one(index, convertImage, true);
  }
  const indices = [...taken].sort((a, b) => a - b);
  const duplicates = nearDuplicates(
    indices.flatMap((i) => (thumbs.has(i) ? [[i, thumbs.get(i) as Uint8Array] as const] : [])),
  );
  for (const [index, other] of duplicates) {
    refusals.add(index, 'duplicate', `nearly the same as ${images.name(other)}`);
    await writer?.remove(index);
  }
  const kept = indices.filter((index) => !duplicates.has(index));
  const report: ConvertReport = {
    images: kept.length,
    side: side ?? 0,
    channels: settings.channels,
    source: images.report,
    labelKind: images.labels.kind,
    classNames: images.labels.kind === 'class' ? images.labels.classNames : [],
    passedOver: refusals.list(),
    conversions: tally.list().map((each) => ({ ...each, what: CONVERSIONS[each.kind] })),
  };
  if (kept.length === 0) throw nothingLeft(source, report);
  await writer?.finish({ labels: labelsFor(images.labels, kept), gaps: true, signal, ...notesOf(report) });
  return report;
}

const labelsFor = (labels: Labels, kept: readonly number[]): (number | number[])[] | null => {
  if (labels.kind === 'none') return null;
  return kept.map((i) =>
    labels.kind === 'class' ? (labels.classes[i] as number) : Array.from(labels.vectors[i] as Float32Array),
  );
};

/** Names of classes, where folders gave them: the published tools pass over this field. */
const notesOf = ({ classNames }: ConvertReport) => (classNames.length > 0 ? { notes: { classes: classNames } } : {});

const SIZES = 'Give a size and a transform, such as 64×64 and center-crop';

/** @throws {DatasetError} when an image cannot stay as large as it is. */
function checkSide(path: string, { width, height }: Size): void {
  const power = Math.log2(width) % 1 === 0;
  if (width === height && power && width <= MAX_RESOLUTION) return;
  const code = width !== height ? 'not-square' : power ? 'too-large' : 'not-power-of-two';
  throw new DatasetError({
    code,
    where: 'convertDataset',
    file: path,
    expected: `squares of a power of two, at most ${MAX_RESOLUTION}, where no size is given`,
    got: `${width}×${height} in ${path}`,
    remedy: SIZES,
  });
}

const mixedSize = (path: string, { width, height }: Size, side: number, first: string): DatasetError =>
  new DatasetError({
    code: 'mixed-size',
    where: 'convertDataset',
    file: path,
    expected: `${side}×${side} as in ${first}, where no size is given`,
    got: `${width}×${height} in ${path}`,
    remedy: SIZES,
  });

function nothingLeft(source: string, { passedOver }: ConvertReport): DatasetError {
  const [most] = passedOver;
  return new DatasetError({
    code: 'empty',
    where: 'convertDataset',
    file: source,
    expected: 'at least one image that can be used',
    got: `none in ${source}${most ? `: ${most.count} ${most.what}, such as ${most.example} (${most.why})` : ''}`,
    remedy: 'Choose other settings or other images',
  });
}
