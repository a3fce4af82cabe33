import { readFileSync } from 'node:fs';
import { goldenPath } from '@edm2/test-support';
import { expect, test } from 'vitest';
import { DatasetError } from '../errors.js';
import { spellingOf } from '../spelling.js';
import { conversionsOf } from './conversions.js';
import { decodeImage } from './decode-image.js';
import { createTurns } from './turns.js';

const golden = JSON.parse(readFileSync(goldenPath('odd-images.json'), 'utf8')) as Record<
  string,
  { name: string; file: string }[]
>;

/** Whole files of libvips' kinds, and each with one byte changed, at several places. */
function* files(): Generator<{ name: string; bytes: Uint8Array }> {
  for (const { name, file } of Object.values(golden).flat()) {
    if (!/\.(jpg|tif|png|webp)$/.test(name)) continue;
    const whole = Uint8Array.from(Buffer.from(file, 'base64'));
    yield { name, bytes: whole };
    for (const share of [0.35, 0.6, 0.8]) {
      const bytes = whole.slice();
      const at = Math.floor(bytes.length * share);
      bytes[at] = 255 - (bytes[at] as number);
      yield { name: `${name} damaged at byte ${at}`, bytes };
    }
  }
}

const verdict = ({ name, bytes }: { name: string; bytes: Uint8Array }): Promise<string> =>
  decodeImage(bytes, name, { channels: 3, acceptWarnings: false, spelling: spellingOf(undefined) }).then(
    ({ conversions }) => `${name}: ${conversionsOf(conversions).join()}`,
    (error: unknown) => {
      if (!(error instanceof DatasetError)) throw error;
      return error.message;
    },
  );

test('a file’s verdict is the same whatever decodes beside it', async () => {
  const all = [...files()];
  const alone: string[] = [];
  for (const file of all) alone.push(await verdict(file));
  expect(alone.filter((text) => /: (?:\S+,)?warning$/.test(text)).length).toBeGreaterThan(2);
  expect(alone.filter((text) => text.includes('without warnings')).length).toBeGreaterThan(2);
  for (let round = 0; round < 3; round++) {
    const beside = await Promise.all(all.map(verdict));
    expect(beside.filter((text, i) => text !== alone[i])).toEqual([]);
  }
});

test('what runs alone waits for the rest, and the rest for it', async () => {
  const turns = createTurns();
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    events.push(`${name} ends`);
    if (name === 'b') throw new Error('b fails');
  };
  const all = [
    turns.shared(work('a')),
    turns.alone(work('b')),
    turns.shared(work('c')),
    turns.shared(work('d')),
    turns.alone(work('e')),
  ];
  const ends = await Promise.allSettled(all);
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  expect(events).toEqual([
    ...['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'd begins', 'c ends', 'd ends', 'e begins', 'e ends'],
  ]);
});
