import { describe, expect, it } from 'vitest';
import { curvePoints, curvesOf, curveTable } from './curve.js';
import { writeFigures } from './page.js';
import { drawCurve } from './picture.js';
import { makeRow, type Row } from './row.js';
import { summarize } from './statistics.js';

const at = (x: number, engine: string, ours: number | string, theirs: number): Row =>
  makeRow({
    work: `${engine} at ${x}`,
    peer: 'peer',
    ours: typeof ours === 'string' ? ours : summarize([ours]),
    theirs: summarize([theirs]),
    unit: 'ms',
    point: { curve: 'parameters', x, engine },
  });
const plain = makeRow({ work: 'plain', peer: 'p', ours: summarize([1]), theirs: summarize([2]), unit: 'ms' });
const rows = [at(2.5e6, 'b', 200, 60), at(1e6, 'a', 10, 50), plain, at(1e6, 'b', 20, 50), at(2.5e6, 'a', 'broke', 60)];

describe('curvePoints', () => {
  it('holds each time once, in the order of x', () => {
    expect(curvePoints(rows, 'parameters')).toEqual([
      { x: 1e6, series: 'a', ms: 10 },
      { x: 1e6, series: 'peer', ms: 50 },
      { x: 1e6, series: 'b', ms: 20 },
      { x: 2.5e6, series: 'b', ms: 200 },
      { x: 2.5e6, series: 'peer', ms: 60 },
    ]);
    expect(curvePoints(rows, 'batch')).toEqual([]);
    expect(curvesOf(rows)).toEqual(['parameters']);
  });
});

describe('curveTable', () => {
  it('has a line for each place and a dash for what is missing', () => {
    expect(curveTable(rows, 'parameters').split('\n')).toEqual([
      '| parameters | b, ms | a, ms | peer, ms |',
      '| --- | --- | --- | --- |',
      '| 1.00 M | 20.0 | 10.0 | 50.0 |',
      '| 2.50 M | 200 | – | 60.0 |',
    ]);
  });
  it('stands below the rows that are on no curve', () => {
    const page = writeFigures('<!-- bench engine -->\n<!-- end engine -->', 'engine', 'a machine', rows);
    expect(page).toMatch(/\| plain \|.*\n\n\| parameters \|/);
    expect(page).not.toContain('a at');
  });
});

describe('drawCurve', () => {
  it('draws a line for each side, with its name', async () => {
    const svg = await drawCurve(rows, 'parameters', 'A title');
    expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\n$/);
    for (const text of ['A title', 'peer', 'ms a step']) expect(svg).toContain(`>${text}<`);
    expect(svg.match(/aria-roledescription="line mark"/g)).toHaveLength(3);
  });
});
