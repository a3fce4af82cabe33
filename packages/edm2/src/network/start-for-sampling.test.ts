import { readFileSync } from 'node:fs';
import { networks } from '@edm2/digits';
import { expect, test } from 'vitest';
import { findNetwork } from './find-network.js';
import { startForSampling } from './start-for-sampling.js';

test('parameters are counted from the file’s header, whatever their type: those of float16 as many as of float32', async () => {
  const found = await findNetwork(networks, {});
  const bytes = readFileSync(found.path);
  // The header by hand: length, then JSON.
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  const shapes = Object.entries<{ shape: number[] }>(header).filter(([name]) => name !== '__metadata__');
  const count = shapes.reduce((sum, [, { shape }]) => sum + shape.reduce((all, side) => all * side, 1), 0);
  const { why } = await startForSampling({ engine: 'auto', threads: 1 }, found.path);
  expect(why).toContain(`${(count / 1e6).toFixed(2)} M parameters`);
  found.release();
});
