import { describe, expect, it } from 'vitest';
import { TINY } from '../../nets.js';
import { summarize } from '../../statistics.js';
import type { Side } from '../sides.js';
import { rowsOf } from './compare.js';

const side = (name: string): Side => ({ name, peer: undefined, job: () => ({}) });

describe('rowsOf', () => {
  const [fast, slow, eager, compiled] = [side('fast'), side('slow'), side('eager'), side('compiled')];
  const rows = rowsOf(
    {
      kind: 'step',
      work: TINY,
      ours: [fast, slow],
      theirs: [{ side: eager, atLeast: 2 }, { side: compiled }],
      judged: 'fast',
      turns: { rounds: 1, runs: 1 },
      detail: ', float32',
    },
    [
      { side: fast, result: summarize([2]) },
      { side: slow, result: summarize([8]) },
      { side: eager, result: summarize([6]) },
      { side: compiled, result: 'no compiler' },
    ],
  );
  it('has a row for each of ours against each of theirs', () => {
    expect(rows.map(({ work, peer, ratio }) => [work.split(':')[0], peer, ratio])).toEqual([
      ['fast (auto)', 'eager', 3],
      ['fast (auto)', 'compiled', null],
      ['slow', 'eager', 0.75],
      ['slow', 'compiled', null],
    ]);
    expect(rows[0]?.work).toBe('fast (auto): full step, tiny net, 8 channels, 8×8, batch 2, float32');
    expect(rows[1]?.note).toBe('no compiler');
  });
  it('judges the engine that auto takes, and no other', () => {
    expect(rows.map(({ goal, met }) => [goal, met])).toEqual([
      ['ratio ≥ 2', true],
      ['', null],
      ['', null],
      ['', null],
    ]);
  });
});
