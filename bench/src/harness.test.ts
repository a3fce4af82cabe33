import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.js';
import { LARGE, MAIN, TINY, toPython } from './nets.js';
import { writeFigures } from './page.js';
import { startPeer } from './peer.js';
import { makeRow } from './row.js';
import { quantile, summarize } from './statistics.js';
import { digits, markdownTable, textTable } from './table.js';
import { takeTurns } from './take-turns.js';

describe('summarize', () => {
  it('gives median, minimum and half the quartile distance', () => {
    expect(summarize([4, 1, 3, 2, 10])).toEqual({ median: 3, minimum: 1, noise: 1 / 3, count: 5 });
    expect(summarize([1, 2]).median).toBe(1.5);
  });
  it('interpolates between neighbours and refuses nothing at all', () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(() => quantile([], 0.5)).toThrow('expected at least one value');
  });
});

describe('takeTurns', () => {
  it('throws the first call away, alternates, and changes who starts', async () => {
    const calls: string[] = [];
    const side = (name: string, ms: number) => ({
      measure: async (runs: number) => {
        calls.push(`${name}${runs}`);
        return Array.from({ length: runs }, () => (calls.length <= 2 ? 1000 : ms));
      },
    });
    const [a, b] = await takeTurns([side('a', 1), side('b', 2)], { rounds: 2, runs: 3, rest: 0 });
    expect(calls).toEqual(['a1', 'b1', 'a3', 'b3', 'b3', 'a3']);
    expect(a).toMatchObject({ median: 1, count: 6 });
    expect(b).toMatchObject({ median: 2, count: 6 });
  });
  it('goes on without a side that is missing or fails, and says why', async () => {
    let calls = 0;
    const fails = {
      measure: async () => {
        if (++calls > 1) throw new Error('broke\nat line 1');
        return [1];
      },
    };
    const works = { measure: async () => [5] };
    const result = await takeTurns([undefined, fails, works], { rounds: 3, runs: 1, rest: 0 });
    expect(result).toEqual(['not installed', 'broke', expect.objectContaining({ median: 5, count: 3 })]);
    expect(calls).toBe(2);
  });
});

describe('makeRow', () => {
  const base = { work: 'w', peer: 'p', unit: 'ms' };
  it('has a ratio above 1 when ours takes less', () => {
    const row = makeRow({ ...base, ours: summarize([2]), theirs: summarize([5]), goal: { ratio: 2.5 } });
    expect(row).toMatchObject({ ours: 2, theirs: 5, ratio: 2.5, goal: 'ratio ≥ 2.5', met: true, noise: null });
  });
  it('fails a goal that is not reached', () => {
    expect(makeRow({ ...base, ours: summarize([2]), theirs: summarize([4]), goal: { ratio: 2.5 } }).met).toBe(false);
    expect(makeRow({ ...base, ours: summarize([11]), theirs: '', goal: { atMost: 10 } }).met).toBe(false);
    expect(makeRow({ ...base, ours: summarize([9]), theirs: '', goal: { atMost: 10 } }).met).toBe(true);
  });
  it('judges nothing without both sides and says what is missing', () => {
    const row = makeRow({ ...base, ours: summarize([2, 3]), theirs: 'not installed', goal: { ratio: 1 } });
    expect(row).toMatchObject({ theirs: null, ratio: null, met: null, note: 'not installed' });
    expect(makeRow({ ...base, ours: 'no kernel', theirs: 'not installed' }).note).toBe(
      'ours: no kernel; not installed',
    );
  });
  it('shows the noisier side', () => {
    const row = makeRow({ ...base, ours: summarize([1, 1, 1]), theirs: summarize([1, 2, 3]) });
    expect(row.noise).toBe(0.25);
  });
});

describe('tables', () => {
  const row = makeRow({
    work: 'a | b',
    peer: 'p',
    ours: summarize([1.234, 2, 3]),
    theirs: 'not installed',
    unit: 'ms',
  });
  it('keeps three digits', () => {
    expect([1.234, 12.34, 123.4, 1234.5, null].map(digits)).toEqual(['1.23', '12.3', '123', '1235', '–']);
  });
  it('escapes bars and puts the minimum in brackets', () => {
    expect(markdownTable([row]).split('\n')[2]).toContain('| a \\| b | p | 2.00 (1.23) | – | ms |');
  });
  it('aligns columns', () => {
    const [head = '', line = ''] = textTable([row]).split('\n');
    expect(line.indexOf('2.00')).toBe(head.indexOf('ours'));
  });
});

describe('writeFigures', () => {
  const row = makeRow({ work: 'w', peer: 'p', ours: summarize([1]), theirs: summarize([2]), unit: 'ms' });
  it('replaces one benchmark and nothing else, however often', () => {
    const page = 'head\n<!-- bench step -->\nold\n<!-- end step -->\n<!-- bench phema -->\nkept\n<!-- end phema -->\n';
    const once = writeFigures(page, 'step', 'a machine', [row]);
    expect(once).toContain('<!-- bench step -->\na machine\n\n| work');
    expect(once).not.toContain('old');
    expect(once).toContain('<!-- bench phema -->\nkept\n<!-- end phema -->');
    expect(writeFigures(once, 'step', 'a machine', [row])).toBe(once);
  });
  it('refuses a page without a place for it', () => {
    expect(() => writeFigures('head', 'step', 'm', [row])).toThrow('<!-- bench step -->');
  });
});

describe('startPeer', () => {
  const script = (text: string) => startPeer({ command: process.execPath, args: ['-e', text] });
  it('answers in order and hands on errors', async () => {
    const peer = script(
      `require('readline').createInterface({input:process.stdin}).on('line',l=>{const j=JSON.parse(l);console.log(JSON.stringify(j.bad?{error:'refused'}:{n:j.n+1}))})`,
    );
    expect(await Promise.all([peer.ask({ n: 1 }), peer.ask({ n: 2 })])).toEqual([{ n: 2 }, { n: 3 }]);
    await expect(peer.ask({ bad: true })).rejects.toThrow('refused');
    peer.close();
  });
  it('ends a peer that takes too long', async () => {
    const peer = startPeer({ command: process.execPath, args: ['-e', 'process.stdin.resume()'], patience: 0.2 });
    await expect(peer.ask({ n: 1 })).rejects.toThrow('no answer within 0.2 s');
    peer.close();
  });
  it('reports a peer that dies with its last words', async () => {
    const peer = script(`console.error('out of luck');process.exit(3)`);
    await expect(peer.ask({ n: 1 })).rejects.toThrow(/exit code 3[\s\S]*out of luck/);
  });
  it('reports a command that does not exist', async () => {
    const peer = startPeer({ command: fileURLToPath(new URL('no-such-command', import.meta.url)), args: [] });
    await expect(peer.ask({})).rejects.toThrow('ENOENT');
  });
});

describe('names', () => {
  it('suggests what was probably meant', () => {
    expect(nearest('stpe', ['step', 'phema'])).toBe('step');
    expect(nearest('unrelated', ['step', 'phema'])).toBeUndefined();
    expect(nearest('step', [])).toBeUndefined();
  });
  it('spells networks as the golden files do', () => {
    expect(toPython(TINY.net)).toMatchObject({ img_resolution: 8, attn_resolutions: [4], channels_per_head: 8 });
    expect(toPython(MAIN.net)).not.toHaveProperty('dropout');
    expect(Object.keys(toPython(LARGE.net)).join()).not.toMatch(/[A-Z]/);
    expect(() => toPython({ ...TINY.net, config: 'A' })).toThrow('config G');
  });
});
