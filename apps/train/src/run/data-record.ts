import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonLines } from '@edm2/app-kit/files/json-lines';
import type { Dataset } from '@edm2/dataset';
import { writeFileAtomic } from '@edm2/tensor-files';

/** Of more images than these the names are not kept: the list would be larger than a snapshot. */
const MAX_LISTED = 200_000;
/** Names that a message shows. */
const SHOWN = 5;

/** What a dataset is, in figures. */
interface Figures {
  readonly images: number;
  readonly kind: Dataset['kind'];
  readonly resolution: number;
  readonly channels: number;
  readonly labelDim: number;
}

/** One image: its name, its class (−1: none), and its file's length where it has one of its own. */
type Listed = readonly [name: string, label: number, bytes: number | null];

const fileOf = (outdir: string): string => join(outdir, 'data.jsonl');

const figuresOf = ({ sourceLength, kind, resolution, channels, labelDim }: Dataset): Figures => ({
  images: sourceLength,
  kind,
  resolution,
  channels,
  labelDim,
});

async function listOf(dataset: Dataset): Promise<Listed[]> {
  // All images of an IDX file are one file.
  if (dataset.kind === 'idx' || dataset.sourceLength > MAX_LISTED) return [];
  const list: Listed[] = [];
  for (let i = 0; i < dataset.sourceLength; i++) {
    const name = dataset.name(i);
    const found = dataset.kind === 'folder' ? await stat(join(dataset.path, name)).catch(() => undefined) : undefined;
    list.push([name, dataset.classOf(i), found?.size ?? null]);
  }
  return list;
}

/** Writes what the images of a run are, `data.jsonl`: so that its continuation can say what has changed. */
export async function writeDataRecord(outdir: string, dataset: Dataset): Promise<void> {
  const lines: unknown[] = [figuresOf(dataset), ...(await listOf(dataset))];
  await writeFileAtomic(fileOf(outdir), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** In what a dataset differs from the one that a run was begun with, as far as its record says. */
export async function describeDataChange(outdir: string, dataset: Dataset): Promise<string> {
  const text = await readFile(fileOf(outdir), 'utf8').catch(() => '');
  const [then, ...listed] = parseJsonLines<Figures | Listed>(text) as [Figures | undefined, ...Listed[]];
  if (then === undefined) return 'of which no record was kept';
  const now = figuresOf(dataset);
  const parts = [`${count(then.images)} then, ${count(now.images)} now`];
  for (const key of ['kind', 'resolution', 'channels', 'labelDim'] as const)
    if (then[key] !== now[key]) parts.push(`${WORDS[key]} ${then[key]} then, ${now[key]} now`);
  const list = await listOf(dataset);
  if (listed.length > 0 && list.length > 0) parts.push(...changesOf(listed, list));
  return parts.length > 1 || then.images !== now.images
    ? parts.join('; ')
    : `${parts[0]}, with the same names and sizes; something in them differs`;
}

const WORDS = { kind: 'kind', resolution: 'resolution', channels: 'channels', labelDim: 'length of labels' } as const;

const count = (images: number): string => `${images.toLocaleString('en')} image${images === 1 ? '' : 's'}`;

function changesOf(then: readonly Listed[], now: readonly Listed[]): string[] {
  const before = new Map(then.map((each) => [each[0], each]));
  const after = new Map(now.map((each) => [each[0], each]));
  const gone = then.filter(([name]) => !after.has(name));
  const added = now.filter(([name]) => !before.has(name));
  const other = (at: 1 | 2) => now.filter((each) => before.has(each[0]) && before.get(each[0])?.[at] !== each[at]);
  return [
    ['gone', gone] as const,
    ['new', added] as const,
    ['of another size', other(2)] as const,
    ['of another class', other(1)] as const,
  ].flatMap(([word, list]) => (list.length > 0 ? [`${word}: ${names(list)}`] : []));
}

const names = (list: readonly Listed[]): string => {
  const shown = list.slice(0, SHOWN).map(([name]) => name);
  return list.length > SHOWN ? `${shown.join(', ')} and ${list.length - SHOWN} more` : shown.join(', ');
};
