import type { FileSource } from './file-source.js';
import { classLabels, type Labels, labelError } from './labels.js';

/** Names as the published tool writes them: index in eight digits, the folder its first five. Such folders mean nothing. */
const SHARD = /^(\d{5})\/[^/]*?\1\d{3}\.[^./]+$/;

/**
 * Labels from top-level folders: the index of the folder in sorted order, where there is more than one.
 *
 * @throws {DatasetError} missing-label when an image lies outside the folders.
 */
export function folderLabels({ names, pathOf }: FileSource, labelDim: number | undefined): Labels {
  const folders = names.map((name) => name.slice(0, Math.max(name.indexOf('/'), 0)));
  const classNames = [...new Set(folders)].sort();
  if (classNames.length < 2 || names.every((name) => SHARD.test(name))) return { kind: 'none' };
  const stray = names[folders.indexOf('')];
  if (stray !== undefined) {
    const expected = 'every image in the folder of its class, or all in one folder';
    const got = `${pathOf(stray)} beside folders such as ${classNames[1]}`;
    const remedy = 'Move it into a folder, or open with labels: false';
    throw labelError('missing-label', pathOf(stray), expected, got, remedy);
  }
  const index = new Map(classNames.map((name, i) => [name, i]));
  const classes = folders.map((folder) => index.get(folder) ?? -1);
  return classLabels(classes, labelDim, (i) => pathOf(names[i] ?? ''), classNames);
}
