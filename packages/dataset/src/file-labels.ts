import { parseDatasetJson } from './dataset-json.js';
import type { FileSource } from './file-source.js';
import { folderLabels } from './folder-labels.js';
import type { Labels } from './labels.js';
import type { Layout } from './layout.js';
import { MAX_JSON_BYTES } from './limits.js';
import type { DatasetReport, LabelSource } from './report.js';
import type { Samples } from './samples.js';
import type { Spelling } from './spelling.js';

interface LabelOptions {
  readonly useLabels: boolean;
  readonly labelDim: number | undefined;
  readonly spelling: Spelling;
}

/** Files that are not samples, without the dataset.json that is read. */
export const withoutJson = (
  others: ReadonlyMap<string, string>,
  { root, hasJson }: Layout,
): ReadonlyMap<string, string> =>
  hasJson ? new Map([...others].filter(([name]) => name !== `${root}dataset.json`)) : others;

/** Labels of files, and where they come from. */
export interface Labelled {
  readonly labels: Labels;
  readonly report: DatasetReport['labels'];
  readonly notes?: NonNullable<Samples['notes']>;
}

/**
 * Labels of the files of a folder or zip: of dataset.json, else of the folders.
 *
 * @throws {DatasetError} (rejects) bad-json, bad-label, missing-label, missing-image.
 */
export async function readLabels(
  source: FileSource,
  names: readonly string[],
  others: ReadonlyMap<string, string>,
  { root, hasJson, lost }: Layout,
  { useLabels, labelDim, spelling }: LabelOptions,
): Promise<Labelled> {
  if (source.labelled) return source.labelled;
  const short = names.map((name) => name.slice(root.length));
  const pathOf = (name: string): string => source.pathOf(root + name);
  if (!hasJson) {
    if (!useLabels) return { labels: { kind: 'none' }, report: { from: 'none', why: 'left out as asked' } };
    const { labels, why } = folderLabels(short, pathOf, { labelDim, spelling });
    const from: LabelSource = labels.kind === 'none' ? 'none' : 'folders';
    return { labels, report: { from, why: [why, ...besides(root, lost, others, from)].join('; ') } };
  }
  const text = new TextDecoder().decode(await source.read(`${root}dataset.json`, MAX_JSON_BYTES));
  const has = (name: string): boolean => others.has(root + name);
  const files = { kind: source.kind, names: short, pathOf, has };
  const { labels, none, unused, notes } = parseDatasetJson(text, files, { useLabels, labelDim });
  const [example] = unused;
  const report: DatasetReport['labels'] = {
    from: labels.kind === 'none' ? 'none' : 'dataset.json',
    why: labels.kind !== 'none' ? 'from dataset.json' : none ? 'dataset.json says so' : 'left out as asked',
    ...(example === undefined ? {} : { unused: { count: unused.length, example } }),
  };
  return { labels, report, ...(notes ? { notes } : {}) };
}

/** What else somebody may have taken for labels. */
function besides(
  root: string,
  lost: readonly string[],
  others: ReadonlyMap<string, string>,
  from: LabelSource,
): string[] {
  const [folder] = lost;
  const found: string[] = [];
  if (folder !== undefined)
    found.push(
      `${lost.length > 1 ? `${lost.length} folders such as ${folder}/` : `${folder}/`} left out: no file in ${lost.length > 1 ? 'them' : 'it'} is read`,
    );
  const table =
    from === 'none' ? [...others.keys()].find((name) => name.startsWith(root) && TABLE.test(name)) : undefined;
  if (table !== undefined) found.push(`${table} is not read`);
  return found;
}

/** Files in which other tools keep labels. */
const TABLE = /\.(csv|tsv|jsonl|json|parquet|xml)$|label[^/]*\.txt$/i;
