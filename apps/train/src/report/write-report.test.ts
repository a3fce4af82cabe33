import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeGrid } from 'edm2/parts';
import { decode } from 'fast-png';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunReport } from './types.js';
import { writeReport } from './write-report.js';

let tmp = '';
beforeAll(() => {
  // REPORT_OUT keeps the pages for a look in a browser.
  tmp = process.env['REPORT_OUT'] ?? mkdtempSync(join(tmpdir(), 'edm2-report-'));
});
afterAll(() => {
  if (!process.env['REPORT_OUT']) rmSync(tmp, { recursive: true, force: true });
});

/** Rings of N sizes, grey, in place of digits. */
function rings(count: number, side: number, blur: number): Uint8Array {
  const data = new Uint8Array(count * side * side);
  for (let i = 0; i < data.length; i++) {
    const [x, y, n] = [i % side, Math.floor(i / side) % side, Math.floor(i / side / side)];
    const distance = Math.abs(Math.hypot(x - (side - 1) / 2, y - (side - 1) / 2) - (1 + ((n % 10) * side) / 25));
    data[i] = 255 * Math.exp(-((distance / blur) ** 2));
  }
  return data;
}

async function report(): Promise<RunReport> {
  const grids = { grid: 1, realGrid: 0.8 };
  for (const [name, blur] of Object.entries(grids))
    await writeGrid(join(tmp, `${name}.png`), { data: rings(100, 16, blur), shape: [100, 16, 16, 1] }, { columns: 10 });
  const previews = [];
  for (let i = 1; i <= 12; i++) {
    const path = join(tmp, 'previews', `${i}.png`);
    await writeGrid(path, { data: rings(50, 16, 8 / i), shape: [50, 16, 16, 1] }, { columns: 10 });
    previews.push({ nimg: i * 8192, path });
  }
  return {
    title: 'A run <b>& its</b> "report"',
    headline:
      'Ten rings learned from <script>alert(1)</script> nothing at all, averaged after training and drawn here as a stand-in for what a real run produces.',
    figures: [
      { label: 'label agreement', value: '96.4 %', note: 'real images held out: 98.7 %' },
      {
        label: 'Fréchet distance',
        value: '5.31',
        note: 'on classifier features, n = 1000; real images held out: 1.12',
      },
      { label: 'best EMA length', value: '0.130', note: 'never tracked: reconstructed afterwards' },
      { label: 'training', value: '6.2 min' },
    ],
    grid: { path: join(tmp, 'grid.png'), caption: 'Generated: one row per class, one column per seed' },
    realGrid: { path: join(tmp, 'realGrid.png'), caption: 'Real images in the same layout' },
    previews,
    lossCurve: Array.from({ length: 400 }, (_, i) => ({
      nimg: (i + 1) * 256,
      loss: 0.12 + 0.9 * Math.exp(-i / 12) + 0.25 / Math.sqrt(i + 4) + 0.03 * Math.sin(i * i * 12.9898),
    })),
    validation: Array.from({ length: 16 }, (_, i) => {
      const sigmas = [0.05, 0.13, 0.23, 0.36, 0.56, 0.9, 1.6, 3.9];
      const loss = (gap: number) => sigmas.map((_, level) => 0.2 + 0.8 / (i + 2) + gap * 0.004 * i * (level + 1));
      return { nimg: (i + 1) * 6400, sigmas, heldOut: loss(1), training: loss(-1) };
    }),
    lossBySigma: Array.from({ length: 20 }, (_, i) => {
      const sigma = 0.004 * 1.65 ** i;
      const loss = 0.95 - 0.8 * Math.exp(-((Math.log(sigma) / 2.2) ** 2));
      return { sigma, loss, predicted: loss * (1 + 0.06 * Math.sin(i)) };
    }),
    emaCurve: [0.03, 0.05, 0.075, 0.1, 0.13, 0.16, 0.2].map((sigmaRel) => ({
      sigmaRel,
      labelAgreement: 0.964 - 9 * (sigmaRel - 0.13) ** 2,
      frechet: 5.3 + 900 * (sigmaRel - 0.12) ** 2,
      tracked: [0.05, 0.1].includes(sigmaRel),
    })),
    scores: {
      columns: ['label agreement', 'Fréchet distance', 'images'],
      rows: [
        { name: 'generated, σ_rel 0.13', values: ['96.4 %', 5.31234567, 1000], highlight: true },
        { name: 'real, held out', values: ['98.7 %', 1.12, 1000] },
        { name: 'noise', values: ['10.2 %', undefined, 12000] },
      ],
      note: 'Judged by a small classifier trained in this run; not FID.',
    },
    settings: [
      ['preset', 'mnist'],
      ['learning rate', '0.012, decay after 1500 batches'],
      ['seed', 0],
      ['compiled', true],
    ],
    timings: [
      { name: 'training', seconds: 371.2 },
      { name: 'classifier', seconds: 21 },
      { name: 'final images', seconds: 8.04 },
    ],
    command: 'npm start -- --duration 96Ki',
    machine: 'A processor, 2 threads, 8 GiB, Node 20',
    engine: 'onnxruntime 1.30, 2 threads',
    files: [{ path: 'log.jsonl', note: 'one line per status tick' }],
    next: [{ note: 'train longer', command: 'npm start -- --resume --duration 192Ki' }],
    finished: new Date('2025-01-02T03:04:05Z'),
  };
}

it('writes one page that needs nothing else, and the charts beside it', async () => {
  const input = await report();
  const path = join(tmp, 'report.html');
  const charts = await writeReport(path, input);
  const page = readFileSync(path, 'utf8');

  expect(charts.map((file) => file.slice(tmp.length + 1))).toEqual([
    'loss-curve.png',
    'validation.png',
    'validation-by-noise-level.png',
    'ema-curve.png',
    'loss-by-noise-level.png',
  ]);
  for (const file of charts) {
    const { width, height, data, channels } = decode(readFileSync(file), { checkCrc: true });
    expect([width, channels]).toEqual([1100, 4]);
    // Ink, not an empty sheet: some but few pixels differ from the corner; text needs the font that comes along.
    let inked = 0;
    for (let i = 0; i < data.length; i += 4) if ((data[i] ?? 0) < 160) inked++;
    expect(inked / (width * height)).toBeGreaterThan(0.005);
    expect(inked / (width * height)).toBeLessThan(0.3);
  }

  expect(page).toContain('A run &lt;b&gt;&amp; its&lt;/b&gt; &quot;report&quot;</h1>');
  expect(page).not.toMatch(/<script|<link|src="(?!data:)|url\((?!#)|@import/);
  expect(page.match(/<svg/g)).toHaveLength(5);
  expect(page.match(/<img src="data:image\/png;base64,[^"]{100}/g)).toHaveLength(2 + 8);
  for (const text of [
    '96.4 %',
    '5.312',
    '12,000',
    '–',
    'after 8,192 images',
    'after 98,304 images',
    '6 min 11 s',
    '2025-01-02',
  ])
    expect(page).toContain(text);

  const ids = [...page.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, id] of page.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  const open = [...page.replaceAll(/<!--.*?-->/gs, '').matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/gi)];
  const stack: string[] = [];
  for (const [, closing, tag = '', self] of open) {
    if (/^(meta|img|br)$/.test(tag) || self) continue;
    if (closing) expect(stack.pop(), `closing ${tag}`).toBe(tag);
    else stack.push(tag);
  }
  expect(stack).toEqual([]);
  expect(readdirSync(tmp).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('leaves out what is not given', async () => {
  const path = join(tmp, 'bare', 'report.html');
  expect(
    await writeReport(path, {
      title: 'Bare',
      lossCurve: [{ nimg: 1, loss: 1 }],
      emaCurve: [{ sigmaRel: 0.1, tracked: true }],
    }),
  ).toEqual([]);
  const page = readFileSync(path, 'utf8');
  expect(page).toContain('<h1>Bare</h1>');
  expect(page).not.toMatch(/<h2|undefined|NaN|<img|<svg/);
});

it('rejects when a picture is missing, and writes no page', async () => {
  const path = join(tmp, 'missing', 'report.html');
  await expect(writeReport(path, { title: 'x', grid: { path: join(tmp, 'gone.png'), caption: '' } })).rejects.toThrow(
    'gone.png',
  );
  expect(existsSync(path)).toBe(false);
});
