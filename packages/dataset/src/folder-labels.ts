import { classLabels, type Labels, labelError } from './labels.js';
import type { Spelling } from './spelling.js';

/** Names as the published tool writes them: index in eight digits, the folder its first five. Such folders mean nothing. */
const SHARD = /^(\d{5})\/[^/]*?\1\d{3}\.[^./]+$/;

/** Labels of folders, or why there are none. */
export interface FolderLabels {
  readonly labels: Labels;
  /** In a few words. */
  readonly why: string;
}

/**
 * Labels from the folders in which images lie: the index of the folder in sorted order, where there is more than one.
 *
 * @param names - below the dataset's root.
 * @param pathOf - of such a name, for errors.
 * @throws {DatasetError} missing-label when an image lies outside the folders.
 */
export function folderLabels(
  names: readonly string[],
  pathOf: (name: string) => string,
  { labelDim, spelling }: { readonly labelDim: number | undefined; readonly spelling: Spelling },
): FolderLabels {
  const folders = names.map((name) => name.slice(0, Math.max(name.indexOf('/'), 0)));
  const classNames = [...new Set(folders)].sort();
  const [only = ''] = classNames;
  if (classNames.length < 2) return none(only === '' ? 'all images lie in one folder' : `only ${only}/ holds images`);
  if (names.every((name) => SHARD.test(name)))
    return none('the folders are numbered as EDM2’s tool numbers them, and there is no dataset.json');
  const stray = names[folders.indexOf('')];
  if (stray !== undefined) {
    const count = folders.filter((folder) => folder === '').length;
    const expected = 'every image in the folder of its class, or all in one folder';
    const got = `${pathOf(stray)}${count > 1 ? ` and ${count - 1} more` : ''} beside folders such as ${classNames[1]}`;
    const without = spelling.option('labels');
    const remedy = `Move ${count > 1 ? 'them into folders' : 'it into a folder'}${without ? `, or leave labels out: ${without}` : ''}`;
    throw labelError('missing-label', pathOf(stray), expected, got, remedy);
  }
  const index = new Map(classNames.map((name, i) => [name, i]));
  const classes = folders.map((folder) => index.get(folder) ?? -1);
  return {
    labels: classLabels(classes, labelDim, (i) => pathOf(names[i] ?? ''), classNames),
    why: 'by folder',
  };
}

const none = (why: string): FolderLabels => ({ labels: { kind: 'none' }, why });
