import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenPath } from '@edm2/test-support';
import type { Dice } from '../dice.js';
import { mutate } from '../mutate.js';

/** A way in for untrusted bytes. */
export interface Target {
  readonly name: string;
  /** Makes the case in an empty folder; its files are what a user would have. */
  make(folder: string, dice: Dice): void;
  /** Reads all of it, as the commands do. */
  read(folder: string): Promise<void>;
  /** What it may throw: damage that is named. */
  readonly errors: readonly (new (
    ...args: never[]
  ) => Error)[];
}

export const GOLDEN = goldenPath('.');
/** Larger files only make damage rarer. */
const MAX_SEED_BYTES = 1_500_000;

/** Golden files with these endings, small enough to be damaged where it matters. */
export function goldens(...endings: readonly string[]): Uint8Array[] {
  const files = readdirSync(GOLDEN).filter((name) => endings.some((ending) => name.endsWith(ending)));
  const seeds = files.map((name) => readFileSync(join(GOLDEN, name))).filter(({ length }) => length <= MAX_SEED_BYTES);
  if (seeds.length === 0) throw new Error(`fuzz: expected golden files that end in ${endings.join(', ')}, got none.`);
  return seeds;
}

/** The case in one file: damaged golden ones, and generated ones as they come or damaged once more. */
export function oneFile(
  name: string,
  file: string,
  seeds: readonly Uint8Array[],
  generate: (dice: Dice) => Uint8Array,
  errors: Target['errors'],
  read: (path: string) => Promise<void>,
): Target {
  return {
    name,
    errors,
    make(folder, dice) {
      const generated = dice.chance(0.4);
      const bytes = generated ? generate(dice) : dice.pick(seeds);
      writeFileSync(join(folder, file), generated && dice.chance(0.7) ? bytes : mutate(bytes, dice, seeds));
    },
    read: (folder) => read(join(folder, file)),
  };
}
