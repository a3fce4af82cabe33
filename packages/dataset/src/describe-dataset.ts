import { known } from '@edm2/options';
import type { Dataset } from './types.js';

/** What a dataset is, in three lines. */
export interface DatasetLines {
  /** Number, size and conversions. */
  readonly images: string;
  /** Classes, and where labels come from or why there are none. */
  readonly labels: string;
  /** Files that are not used. */
  readonly leftOut: string;
}

/** Names of classes that are listed. */
const MAX_NAMED = 12;
/** Groups of files, and conversions, that are listed. */
const MAX_GROUPS = 4;

/**
 * Says what a dataset is and what was decided about it. Conversions are counted over the images read so far: after
 * {@link verifyDataset} over all.
 *
 * @param noun - what its items are called. Default 'images', or 'arrays' for floats.
 */
export function describeDataset(dataset: Dataset, options: { readonly noun?: string } = {}): DatasetLines {
  const { noun = dataset.dtype === 'uint8' ? 'images' : 'arrays' } = known('describeDataset', options, { noun: true });
  return { images: imagesLine(dataset, noun), labels: labelsLine(dataset), leftOut: leftOutLine(dataset) };
}

function imagesLine(dataset: Dataset, noun: string): string {
  const { sourceLength, resolution, channels, dtype, kind, report } = dataset;
  const colour =
    dtype === 'float32'
      ? `${channels} channels`
      : channels === 1
        ? 'grey'
        : channels === 3
          ? 'RGB'
          : `${channels} channels`;
  const where = {
    folder: 'in a folder',
    zip: 'in a zip',
    tar: 'in a tar',
    parquet: 'in Parquet',
    idx: 'in an IDX file',
    array: 'in an array',
  }[kind];
  const root = report?.root ? `, below ${report.root}` : '';
  const changes = report?.changes ?? [];
  const conversions = (dataset.conversions?.() ?? []).map(
    ({ count, what, example }) => `${count === sourceLength ? 'all' : count}: ${what} (${example})`,
  );
  const done = [...changes, ...cut(conversions)];
  const mirrored = dataset.length > sourceLength ? ' and as many mirrored' : '';
  return `${sourceLength} ${sourceLength === 1 ? noun.replace(/s$/, '') : noun}${mirrored} of ${resolution}×${resolution}, ${colour}, ${where}${root}${done.map((text) => `; ${text}`).join('')}`;
}

function labelsLine({ labelKind, labelDim, classNames, report }: Dataset): string {
  const { why = '', unused } = report?.labels ?? {};
  const lost = unused ? `; ${unused.count} for files that are missing or not read (${unused.example})` : '';
  if (labelKind === 'none') return `none${why ? `: ${why}` : ''}${lost}`;
  if (labelKind === 'vector') return `vectors of ${labelDim} numbers ${why}${lost}`;
  const names = classNames.slice(0, MAX_NAMED).join(', ');
  const more = classNames.length > MAX_NAMED ? ', …' : '';
  return `${labelDim} class${labelDim === 1 ? '' : 'es'} ${why}${names ? `: ${names}${more}` : ''}${lost}`;
}

function leftOutLine({ report }: Dataset): string {
  const groups = report?.passedOver ?? [];
  if (groups.length === 0) return 'nothing';
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const list = groups.map(
    ({ count, extension, example, reason }) => `${count} ${extension || 'without extension'} (${example}: ${reason})`,
  );
  return `${total} file${total === 1 ? '' : 's'}: ${cut(list).join(', ')}`;
}

const cut = (list: readonly string[]): string[] =>
  list.length > MAX_GROUPS ? [...list.slice(0, MAX_GROUPS), `and ${list.length - MAX_GROUPS} kinds more`] : [...list];
