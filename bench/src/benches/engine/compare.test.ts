import { describe, expect, it } from 'vitest';
import { TINY } from '../../nets.js';
import { startPeer } from '../../peer.js';
import type { Row } from '../../row.js';
import { summarize } from '../../statistics.js';
import type { Side } from '../sides.js';
import { compare, rowsOf } from './compare.js';

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

/** A process that takes `ms` for every run and holds `mib`. */
const process = (name: string, ms: number, mib: number): Side => ({
  name,
  peer: startPeer({
    command: globalThis.process.execPath,
    args: [
      '-e',
      `require('readline').createInterface({input:process.stdin}).on('line',l=>{const j=JSON.parse(l);console.log(JSON.stringify(j.work==='held'?{maxRss:${mib}}:{ms:Array(j.runs).fill(${ms})}))})`,
    ],
  }),
  job: (kind) => ({ work: kind }),
});

describe('compare', () => {
  it('measures time and memory, and ends the processes that it owns', async () => {
    const [mine, theirs, shared] = [process('mine', 2, 2048), process('theirs', 6, 1024), process('shared', 4, 0)];
    const rows: Row[] = [];
    for await (const row of compare({
      kind: 'step',
      work: TINY,
      ours: [mine],
      theirs: [{ side: theirs }, { side: shared, owned: false }],
      judged: 'mine',
      turns: { rounds: 1, runs: 2, rest: 0 },
      peak: { atMost: 1.5 },
      point: { curve: 'batch', x: 2 },
    }))
      rows.push(row);
    expect(rows.map(({ ours, theirs, unit, met }) => [ours, theirs, unit, met])).toEqual([
      [2, 6, 'ms', null],
      [2, 4, 'ms', null],
      [2, 1, 'GiB', false],
    ]);
    expect(rows[0]?.point).toEqual({ curve: 'batch', x: 2, engine: 'mine' });
    await expect(theirs.peer?.ask({ work: 'held' })).rejects.toThrow(/ended/);
    await expect(shared.peer?.ask({ work: 'held' })).resolves.toEqual({ maxRss: 0 });
    shared.peer?.close();
  });
});
