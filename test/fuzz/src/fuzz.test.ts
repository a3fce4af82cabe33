import { expect, test } from 'vitest';
import { runTarget } from './run-target.js';
import type { Target } from './targets/target.js';
import { makeTargets } from './targets.js';

// Damaged and generated files of every kind that is read: what is wrong with them is named, whatever it is. `npm run fuzz` goes on from here.

const targets = await makeTargets();

test.each(targets.map((target) => [target.name, target] as const))('%s: four hundred cases', async (_, target) => {
  const { faults, read, refused } = await runTarget(target, { seed: 0, from: 0, to: 400 });
  expect(faults).toEqual([]);
  // Cases that were all read, or all refused, would try nothing.
  expect(Math.min(read, refused)).toBeGreaterThan(0);
});

test('images: the same cases have the same verdicts, however decoders share the process', async () => {
  const target = targets.find(({ name }) => name === 'JPEG');
  if (!target) throw new Error('no target JPEG');
  const counts = async () => {
    const { read, refused } = await runTarget(target, { seed: 3, from: 0, to: 300 });
    return { read, refused };
  };
  expect(await counts()).toEqual(await counts());
});

test('what a target does not promise is a fault', async () => {
  const broken: Target = {
    name: 'broken',
    errors: [RangeError],
    make: () => {},
    read: async () => {
      throw new TypeError('expected a thing, got another.');
    },
  };
  const { faults } = await runTarget(broken, { seed: 0, from: 0, to: 3 });
  expect(faults.map(({ what }) => what.split('\n')[0])).toEqual(
    Array(3).fill('threw TypeError: expected a thing, got another.'),
  );
  const wordless: Target = { ...broken, read: async () => void Buffer.alloc(1).readUInt32LE(0) };
  expect((await runTarget(wordless, { seed: 0, from: 0, to: 1 })).faults).toHaveLength(1);
});
