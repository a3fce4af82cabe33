import '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, expect, test, vi } from 'vitest';
import { noting, smallRun } from './small-run.fixture.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-reads-'));
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(scratch, { recursive: true, force: true });
});

test('between status ticks steps follow one another, and nothing is read', async () => {
  const { run, dataset } = await smallRun(scratch, 'reads', { duration: 60 });
  const notes: string[] = [];
  const note = (what: string): void => void notes.push(what);
  for (const way of ['read', 'readSync'] as const) {
    const plain = tf.engine()[way].bind(tf.engine()) as never;
    vi.spyOn(tf.engine(), way).mockImplementation(((dataId: object) => {
      note('read');
      return (plain as (dataId: object) => unknown)(dataId);
    }) as never);
  }
  await run((engine) =>
    noting(engine, (inputs) => {
      note('step');
      return inputs;
    }),
  );
  vi.restoreAllMocks();
  await dataset.close();
  // Steps 1 (when training has begun), 5, 10 and 15, of which the last writes what a run ends with.
  const spans = notes.join(' ').split(/(?: read)+(?: |$)/);
  expect(spans.filter((span) => span !== '').map((span) => span.split(' '))).toEqual(
    [1, 4, 5, 5].map((steps) => Array(steps).fill('step')),
  );
});
