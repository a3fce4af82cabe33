import type { Emoji } from './emoji.js';

/** A class of the demonstration: one kind of emoji. */
export interface EmojiClass {
  readonly name: string;
  readonly category: string;
  readonly images: number;
}

/** The kinds of emoji as classes, ordered by category and name. */
export function classesOf(emoji: readonly Emoji[]): EmojiClass[] {
  const counts = new Map<string, EmojiClass>();
  for (const { kind, category } of emoji) {
    const images = (counts.get(kind)?.images ?? 0) + 1;
    counts.set(kind, { name: kind, category, images });
  }
  const key = ({ category, name }: EmojiClass): string => `${category}/${name}`;
  return [...counts.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/**
 * Which classes are drawn, shown and scored: of each category those with the most images.
 *
 * @param perCategory - classes of a category at the most.
 * @param least - images that a class must have.
 * @returns indices into `classes`, rising.
 * @throws {Error} when no class has so many.
 */
export function shownClasses(classes: readonly EmojiClass[], perCategory: number, least: number): number[] {
  const shown = [...new Set(classes.map(({ category }) => category))].flatMap((its) =>
    [...classes.entries()]
      .filter(([, { category, images }]) => category === its && images >= least)
      .sort(([, a], [, b]) => b.images - a.images)
      .slice(0, perCategory)
      .map(([index]) => index),
  );
  if (shown.length === 0)
    throw new Error(`emoji: expected a kind of at least ${least} emoji, got none. Give the package's own folder.`);
  return shown.sort((a, b) => a - b);
}
