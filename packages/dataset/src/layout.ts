import { DatasetError } from './errors.js';
import type { FileSource } from './file-source.js';
import { isUnreadImage, type SortedFiles } from './sort-files.js';
import type { Spelling } from './spelling.js';

/** Where a dataset lies inside its folder or zip. */
export interface Layout {
  /** '' or a folder with '/' at its end: `dataset.json`, and the folders that are classes, lie in it. */
  readonly root: string;
  /** Folders in the root with images, sorted. */
  readonly folders: readonly string[];
  /** Folders in the root whose images are all of kinds that are not read. */
  readonly lost: readonly string[];
  readonly hasJson: boolean;
}

/** Names of folders that hold parts of a dataset and no classes: `train`, `val`, `test2017`, `images-train`, `trainA`. */
const WORD = '(train|training|trn|val|valid|validation|dev|test|testing|eval|evaluation|hold-?out|held-?out)';
const OTHER = '(set|data|images?|imgs?|split|[ab]|\\d{2,4})';
const SPLIT = new RegExp(`^(${WORD}([-_ ]?${OTHER})*|${OTHER}[-_ ]?${WORD})$`, 'i');

/** Pictures, and what was drawn over them: `images` beside `masks`. */
const PICTURES = /^(images?|imgs?|jpegimages|pictures|photos|rgb)$/i;
const ANNOTATIONS =
  /^(labels?|masks?|annotations?|segmentation\w*|segments?|ground[-_ ]?truths?|gts?|depths?|trimaps?)$/i;

/** Choices that an error lists. */
const MAX_CHOICES = 8;

/**
 * Finds where a dataset begins: through folders that wrap all of it, to `dataset.json`, or to the folders that are classes.
 *
 * @param inside - '' or a folder with '/' at its end, chosen by the caller: only files in it count.
 * @throws {DatasetError} ambiguous, listing the choices, when the folders are parts such as `train` and `val`, images and masks, or
 *   datasets of their own.
 */
export function findLayout(
  { names, pathOf }: FileSource,
  { samples, others }: SortedFiles,
  inside: string,
  spelling: Spelling,
): Layout {
  const jsons = new Set(names.filter((name) => name === 'dataset.json' || name.endsWith('/dataset.json')));
  const below = (root: string, list: Iterable<string>): Set<string> => {
    const folders = new Set<string>();
    for (const name of list) if (name.startsWith(root)) folders.add(topOf(name.slice(root.length)));
    return folders;
  };
  for (let root = inside; ; ) {
    const found = below(root, samples);
    const folders = [...found].filter((folder) => folder !== '').sort();
    const unread = [...others].filter(([, reason]) => isUnreadImage(reason)).map(([name]) => name);
    const lost = [...below(root, unread)].filter((folder) => folder !== '' && !found.has(folder)).sort();
    const layout = { root, folders, lost, hasJson: jsons.has(`${root}dataset.json`) };
    if (layout.hasJson) return layout;
    const [only] = folders;
    if (found.size === 1 && only !== undefined && lost.length === 0) {
      root = `${root}${only}/`;
      continue;
    }
    const choose = (expected: string, got: string) => {
      const choices = folders.slice(0, MAX_CHOICES).map((folder) => spelling.path(pathOf(`${root}${folder}`)));
      const more = folders.length > MAX_CHOICES ? `, or another of ${folders.length}` : '';
      return new DatasetError({
        code: 'ambiguous',
        where: 'openDataset',
        file: pathOf(root.replace(/\/$/, '')).replace(/\/$/, ''),
        expected,
        got,
        remedy: `Choose one: ${choices.join(', or ')}${more}`,
      });
    };
    const own = folders.filter((folder) => jsons.has(`${root}${folder}/dataset.json`));
    if (own.length > 0)
      throw choose(
        'one dataset',
        `${own.length > 1 ? `${own.length} folders` : `a folder, ${own[0]},`} with a dataset.json in it beside other images`,
      );
    const splits = folders.filter((folder) => SPLIT.test(folder));
    const annotations = folders.filter((folder) => ANNOTATIONS.test(folder));
    if (annotations.length > 0 && folders.some((folder) => PICTURES.test(folder)))
      throw choose('images alone, or folders that are classes', `images beside ${annotations.join(', ')}`);
    if (splits.length > 1)
      throw choose(
        'one part of a dataset, or folders that are classes',
        `folders named ${splits.slice(0, MAX_CHOICES).join(', ')}`,
      );
    return layout;
  }
}

/** The first folder of a name, '' without one. */
const topOf = (name: string): string => name.slice(0, Math.max(name.indexOf('/'), 0));
