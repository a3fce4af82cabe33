import { basename } from 'node:path';
import type { LabelOptions } from './label.js';
import type { Snapshot } from './snapshot.js';

const formatted = (nimg: number): string => nimg.toLocaleString('en-US');

/**
 * What is taken for granted of stored averages, in words.
 *
 * @param updates - how ema-pytorch's `update_every` is known.
 */
export function assumptionsOf(
  snapshots: readonly Snapshot[],
  { track, gammas }: LabelOptions,
  updates: string | undefined,
): string[] {
  const [first] = snapshots;
  if (!first) return [];
  if (updates !== undefined) {
    const every = `update_every ${updates}`;
    const lengths = gammas ? `gammas ${gammas.join(', ')}` : `sigma_rels ${(track ?? []).join(', ')}`;
    return [
      `ema-pytorch with ${lengths}, as given`,
      every,
      'times count calls of update(), one a step; averages begin as the weights of the first step',
      'every floating-point entry is averaged: none in ignore_names or param_or_buffer_names_no_ema',
    ];
  }
  const named = snapshots.filter(({ source }) => source === 'name');
  if (named.length === 0) return [];
  const { path, nimg } = named[0] ?? first;
  return [
    `times by name, as EDM2 writes them: thousands of images, stored at multiples of 1024 (${basename(path)}: ${formatted(nimg)} images)`,
    'power-function averages of the lengths in their names; each update takes account of the time since the last one',
  ];
}
