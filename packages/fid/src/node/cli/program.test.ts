import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createStatistics, frechetDistance } from '@edm2/fid';
import { readStatistics } from '@edm2/fid/node';
import { readSafetensors, writeNpy, writeSafetensors } from '@edm2/tensor-files';
import { readGolden, relativeError } from '@edm2/test-support';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { formulaImage, formulaWeights, readGoldenJson } from '../../formula.fixture.js';
import { runFid } from './program.js';

let folder = '';
const at = (...names: string[]): string => join(folder, ...names);

/** Runs the command as a shell would. */
async function fid(...args: string[]) {
  let out = '';
  let err = '';
  const code = await runFid(args, {
    out: (text) => {
      out += `${text}\n`;
    },
    err: { write: (text) => (err += text) },
    signal: new AbortController().signal,
    // However slow the machine, no line of progress is due.
    now: () => 0,
  });
  return { code, out, err };
}

const png = (n: number): Promise<Buffer> =>
  sharp(Uint8Array.from(formulaImage(64, 48, n)), { raw: { width: 48, height: 64, channels: 3 } })
    .png()
    .toBuffer();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edm2-fid-cli-'));
  for (const [name, numbers] of [
    ['golden', [0, 1]],
    ['a', [0, 1, 2, 3]],
    ['b', [4, 5, 6]],
  ] as const) {
    await mkdir(at(name, 'sub'), { recursive: true });
    for (const n of numbers) await writeFile(at(name, n % 2 ? '' : 'sub', `${n}.png`), await png(n));
  }
  const zip = new ZipFile();
  for (const n of [4, 5, 6]) zip.addBuffer(await png(n), `images/${n}.png`);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(at('b.zip')));
  await writeSafetensors(at('raw.safetensors'), formulaWeights(readGoldenJson('inception-keys.json')));
});
afterAll(() => rm(folder, { recursive: true }));

const weights = () => ['--weights', at('weights.safetensors'), '--batch', '3', '--threads', '2'];

describe('fid weights', () => {
  it('says which file from where', async () => {
    const { code, out } = await fid('weights');
    expect(code).toBe(0);
    expect(out).toContain('pt_inception-2015-12-05-6726825d.pth');
    expect(out).toContain('dinov2_vitl14_pretrain.pth');
    expect(out).toMatch(/Apache-2\.0/);
  });

  it('checks a file and keeps it with its licence and hash', async () => {
    const { code, out, err } = await fid(
      'weights',
      'inception',
      at('raw.safetensors'),
      '--output',
      at('weights.safetensors'),
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('566 tensors, 23,885,486 numbers');
    expect(out).toContain('not the hash of a published file');
    const file = await readSafetensors(at('weights.safetensors'));
    expect(file.metadata).toMatchObject({ network: 'inception', licence: expect.stringContaining('Apache-2.0') });
    await file.close();
  });

  it('refuses a file with a published name and another hash', async () => {
    const named = at('pt_inception-2015-12-05-6726825d.pth');
    await writeFile(named, 'half a download');
    const { code, err } = await fid('weights', 'inception', named, '--output', at('never.safetensors'));
    expect(code).toBe(1);
    expect(err).toMatch(/SHA-256 that begins with 6726825d, as published .*, got [\da-f]{64}\. Fetch it again/);
  });

  it('keeps what the other commands use from being replaced unasked', async () => {
    const before = process.env['XDG_CACHE_HOME'];
    process.env['XDG_CACHE_HOME'] = at('cache');
    try {
      const stored = at('cache', 'edm2-fid', 'inception-2015-12-05.safetensors');
      const keep = (...more: string[]) => fid('weights', 'inception', at('raw.safetensors'), ...more);
      expect(await keep()).toMatchObject({ code: 0, err: '' });
      expect(await keep()).toMatchObject({ code: 0, out: `${stored}: there already, of the same file\n` });
      await writeSafetensors(stored, { a: { shape: [1], data: new Float32Array(1) } });
      const refused = await keep();
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toMatch(/^fid: weights: expected a new file, got .*, which is there already\. .*--overwrite/);
      expect((await keep('--overwrite')).out).toContain('566 tensors');
    } finally {
      if (before === undefined) delete process.env['XDG_CACHE_HOME'];
      else process.env['XDG_CACHE_HOME'] = before;
    }
  });

  it('refuses another network’s file, by tensor', async () => {
    const fc = {
      'fc.bias': { shape: [3], data: new Float32Array(3) },
      other: { shape: [1], data: new Float32Array(1) },
    };
    await writeSafetensors(at('bad.safetensors'), fc);
    const { code, err } = await fid('weights', 'inception', at('bad.safetensors'), '--output', at('never.safetensors'));
    expect(code).toBe(1);
    expect(err).toMatch(/missing Conv2d_1a_3x3\.conv\.weight, .* and \d+ more and extra other/);
    await expect(readFile(at('never.safetensors'))).rejects.toThrow(/ENOENT/);
  });
});

describe('usage', () => {
  it.each<[string, string[], RegExp]>([
    ['threads without end', ['calc', 'a', 'b', '--threads', '9999'], /--threads.*more than 4 threads a core/],
    ['a batch without end', ['calc', 'a', 'b', '--batch', '1e9'], /--batch.*from 1 to 4,096: a larger batch/],
    ['resamples without end', ['calc', 'a', 'b', '--bootstrap', '1e6'], /--bootstrap.*from 1 to 10,000/],
    ['a seed that is none', ['calc', 'a', 'b', '--seed', 'x'], /--seed.*whole number/],
    ['a first seed that is none', ['gen', 'a.mjs', 'b', '--first-seed', '-1'], /--first-seed.*whole number from 0/],
    ['too many images', ['gen', 'a.mjs', 'b', '--num', '1e6', '--draws', '11'], /--draws: expected at most 10,000,000/],
    [
      'a spread of nothing',
      ['calc', 'a', 'b', '--metrics', 'is', '--bootstrap', '3'],
      /--bootstrap: expected fd or sfd in/,
    ],
    ['a metric of another network', ['calc', 'a', 'b', '--metrics', 'fd_dinov2'], /got one .* on those of dinov2/],
    ['classes of DINOv2', ['calc', 'a', 'b', '--network', 'dinov2', '--metrics', 'is'], /that classifies for is/],
    ['statistics where images are compared', ['gen', 'a.mjs', 'b.pkl', '--metrics', 'pr'], /expected images for pr/],
    ['statistics of another ending', ['stats', 'a', 'b.mat'], /stats: expected a file name ending in .*, got b\.mat/],
    [
      'npz of dinov2',
      ['stats', 'a', 'b.npz', '--network', 'dinov2'],
      /expected \.safetensors for statistics of dinov2/,
    ],
    [
      'weights of another ending',
      ['weights', 'inception', 'x.pth', '--dest', 'y.pth'],
      /--output: expected a file name/,
    ],
    [
      'an engine that there is not',
      ['calc', 'a', 'b', '--engine', 'webgpu'],
      /Expected auto, .*onnxruntime, .*webgpu cannot be used: in Node\.js/,
    ],
    ['an option that there is not', ['calc', 'a', 'b', '--feature', 'x'], /unknown option '--feature'/],
  ])('%s ends with code 2', async (_, argv, message) => {
    const { code, err, out } = await fid(...argv);
    expect(err).toMatch(message);
    expect([code, out]).toEqual([2, '']);
  });

  it('help shows defaults as they are typed', async () => {
    const help = async (command: string) => (await fid(command, '--help')).out.replace(/\s+/g, ' ');
    for (const command of ['calc', 'gen']) {
      expect(await help(command)).toMatch(/\(choices: inception, dinov2; default: inception\)/);
      expect(await help(command)).toMatch(/fd and sfd take statistics too.* \(default: fd\)/);
      expect(await help(command)).not.toMatch(/default: ["[]/);
    }
  });

  it('nothing is replaced unasked', async () => {
    await writeFile(at('kept.npz'), 'kept');
    for (const argv of [
      ['stats', at('a'), at('kept.npz')],
      ['gen', at('none.mjs'), at('b'), '--stats', at('kept.npz')],
      ['weights', 'inception', at('raw.safetensors'), '--outdir', at('raw.safetensors')],
    ])
      expect(await fid(...argv)).toMatchObject({
        code: 2,
        err: expect.stringMatching(/expected a new file, got .*, which is there already\. .*--overwrite/),
      });
    for (const argv of [
      ['stats', at('a'), at('kept.npz', 'x.npz')],
      ['gen', at('none.mjs'), at('b'), '--stats', at('kept.npz', 'x.npz')],
      ['weights', 'inception', at('raw.safetensors'), '--output', at('kept.npz', 'x.safetensors')],
    ])
      expect(await fid(...argv)).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(/^fid: \S+: expected folders on the way to .*kept\.npz.*got ENOTDIR/),
      });
    expect(await readFile(at('kept.npz'), 'utf8')).toBe('kept');
    await mkdir(at('is-a-folder.npz'));
    expect((await fid('stats', at('a'), at('is-a-folder.npz'))).err).toMatch(
      /expected the name of a file, got .*, a folder/,
    );
  });
});

describe('fid stats and fid calc', () => {
  it('stats: the features of image files are the golden ones', async () => {
    const { code, out, err } = await fid('stats', at('golden'), at('golden.npz'), ...weights());
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('fid of 2 images (inception, tf1)');
    const pool = Float32Array.from(readGolden('inception').get('small.tf1.pool').data);
    const expected = createStatistics(2048);
    expected.add(pool);
    const { n, fid: measured } = await readStatistics(at('golden.npz'));
    expect(n).toBe(2);
    expect(relativeError(measured?.mu ?? [], expected.result().mu)).toBeLessThan(1e-5);
    expect(frechetDistance(measured ?? expected.result(), expected.result())).toBeLessThan(1e-4);
  });

  it('calc: folder, zip and statistics agree; n and a warning are printed', async () => {
    await fid('stats', at('b.zip'), at('b.safetensors'), ...weights());
    const folders = await fid('calc', at('a'), at('b'), '--json', ...weights());
    const zipped = await fid('calc', at('a'), at('b.zip'), '--json', ...weights());
    const stored = await fid('calc', at('a'), at('b.safetensors'), '--json', ...weights());
    const value = ({ out }: { out: string }): number => JSON.parse(out).figures[0].value;
    expect(folders.code).toBe(0);
    expect(JSON.parse(folders.out)).toMatchObject({ network: 'inception', resize: 'tf1', n: 4, nReference: 3 });
    expect(value(folders)).toBeGreaterThan(0);
    expect(value(zipped)).toBe(value(folders));
    expect(value(stored)).toBe(value(folders));
    expect(folders.err).toMatch(/3 real images for 2048 feature dimensions/);

    const same = await fid('calc', at('b'), at('b.zip'), ...weights());
    expect(same.out).toBe('FID 0.00000  (n = 3 against 3, inception, tf1)\n');
  });

  it('stats: an array of samples is the folder of the same images', async () => {
    const pixels = Uint8Array.from([4, 5, 6].flatMap((n) => [...formulaImage(64, 48, n)]));
    await writeNpy(at('member.npy'), { shape: [3, 64, 48, 3], data: pixels });
    const samples = new ZipFile();
    samples.addBuffer(await readFile(at('member.npy')), 'arr_0.npy', { compress: false });
    samples.end();
    await pipeline(samples.outputStream, createWriteStream(at('samples.npz')));
    const { code, err, out } = await fid('calc', at('samples.npz'), at('b.safetensors'), '--json', ...weights());
    expect([code, err]).toEqual([0, expect.stringMatching(/^fid: 3 images/)]);
    expect(JSON.parse(out)).toMatchObject({ n: 3, figures: [{ name: 'FID', value: expect.closeTo(0, 6) }] });
  });

  it('calc: the other metrics, with their spreads', async () => {
    const { code, out, err } = await fid('calc', at('a'), at('b'), '--metrics', 'kid,is,vendi', ...weights());
    expect(err).toMatch(/^fid: 3 real images: KID is of the whole sets/);
    expect(code).toBe(0);
    expect(out).toMatch(/^KID -?[\d.e-]+ {2}\(n = 4 against 3/m);
    expect(out).toMatch(/^Inception Score [\d.]+ {2}\(n = 4/m);
    expect(out).toMatch(/^Vendi score 1\.\d+/m);
    const twice = await fid('calc', at('a'), at('a'), '--metrics', 'pr,dc', ...weights());
    expect(twice.out).toMatch(/^precision 1\.00000 .*\nrecall 1\.00000 .*\ndensity .*\ncoverage 1\.00000 /);
    const resampled = await fid('calc', at('a'), at('b.safetensors'), '--bootstrap', '3', ...weights());
    expect(resampled.out).toMatch(/^FID [\d.]+ ± [\d.]+ over 3 resamples {2}\(n = 4 against 3/m);
    const stored = await fid('calc', at('b.safetensors'), at('b'), '--metrics', 'kid', '--weights', 'never read');
    expect(stored).toMatchObject({
      code: 2,
      err: expect.stringMatching(/expected images for kid, got .*b\.safetensors/),
    });
  });

  it('a corrupt image is named and refused, or skipped and counted', async () => {
    await mkdir(at('broken'));
    for (const n of [0, 1, 2]) await writeFile(at('broken', `${n}.png`), await png(n));
    await writeFile(at('broken', '1.png'), (await png(1)).subarray(0, 900));
    const refused = await fid('calc', at('broken'), at('b'), ...weights());
    expect(refused).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/intact image, got .*broken\/1\.png/),
    });
    const skipped = await fid('calc', at('broken'), at('b'), '--skip-corrupt', '--json', ...weights());
    expect(skipped.code).toBe(0);
    expect(skipped.err).toMatch(/^fid: skipped .*broken\/1\.png: \S/m);
    expect(JSON.parse(skipped.out)).toMatchObject({ n: 2, skipped: 1, skippedReference: 0 });
  });

  it('broken images are all found before anything is computed, and in both sets', async () => {
    const refused = await fid('calc', at('a'), at('broken'), ...weights());
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/expected 3 usable images in .*broken, got 1 that cannot be used:\n.*broken\/1\.png/);
    expect(refused.err).toMatch(/Nothing was computed yet\. .*--skip-corrupt\.\n$/);
    const unchecked = await fid('calc', at('a'), at('broken'), '--no-check', ...weights());
    expect(unchecked.err).toMatch(/^fid: expected an intact image, got .*broken\/1\.png/);
  });

  it('wrong usage is 2, a missing file of weights 1 with what to run', async () => {
    expect((await fid('calc', at('a'))).code).toBe(2);
    expect((await fid('calc', at('a'), at('b'), '--metrics', 'fif')).code).toBe(2);
    expect((await fid('calc', at('a'), at('b'), '--batch', '0')).code).toBe(2);
    const missing = await fid('calc', at('a'), at('b'), '--weights', at('none.safetensors'));
    expect(missing).toMatchObject({
      code: 1,
      err: expect.stringMatching(/got no file\. Where to get them: .* weights inception/),
    });
    expect((await fid('calc', at('golden.npz'), at('b'), '--network', 'dinov2')).err).toMatch(
      /1024 dims for fd_dinov2/,
    );
  });
});

describe('fid gen', () => {
  const generator = async (name: string, body: string): Promise<string> => {
    await writeFile(at(name), body);
    return at(name);
  };
  /** Image number `seed` of the folders, read from raw bytes. */
  const stored = () =>
    generator(
      'stored.mjs',
      `import { readFileSync } from 'node:fs';
       export function generate(seeds) {
         const data = Buffer.concat(seeds.map((seed) => readFileSync(new URL(\`./raw-\${seed}\`, import.meta.url))));
         return { data: new Uint8Array(data), shape: [seeds.length, 64, 48, 3] };
       }`,
    );
  beforeAll(async () => {
    for (const n of [0, 1, 2, 3, 4, 5, 6, 7]) await writeFile(at(`raw-${n}`), Uint8Array.from(formulaImage(64, 48, n)));
  });

  it('is calc of the same images, which need not be stored', async () => {
    const options = ['--json', '--metrics', 'fd,is', ...weights()];
    const folders = JSON.parse((await fid('calc', at('a'), at('b'), ...options)).out);
    const { code, out } = await fid('gen', await stored(), at('b'), '--num', '4', '--stats', at('gen.npz'), ...options);
    expect(code).toBe(0);
    const generated = JSON.parse(out);
    expect(generated).toMatchObject({ network: 'inception', n: 4, nReference: 3, skipped: 0 });
    expect(generated.figures[0].value / folders.figures[0].value).toBeCloseTo(1, 6);
    const kept = await fid('calc', at('gen.npz'), at('a'), '--json', ...weights());
    expect(JSON.parse(kept.out).figures[0].value).toBeLessThan(1e-6 * folders.figures[0].value);
  });

  it('several draws take the seeds that follow, and print mean ± std', async () => {
    const draw = async (...more: string[]) =>
      fid('gen', await stored(), at('b'), '--num', '3', '--json', ...more, ...weights());
    const value = ({ out }: { out: string }): number => JSON.parse(out).figures[0].value;
    const [first, second] = [value(await draw()), value(await draw('--first-seed', '3'))];
    const [figure] = JSON.parse((await draw('--draws', '2')).out).figures;
    expect(figure.of).toBe('2 draws');
    expect(figure.value).toBeCloseTo((first + second) / 2, 6);
    expect(figure.std).toBeCloseTo(Math.abs(first - second) / Math.SQRT2, 6);
  });

  it('refuses what is no generator, and what it returns when that is no image a seed', async () => {
    const error = async (path: string): Promise<string> => {
      const { code, err } = await fid('gen', path, at('b'), '--num', '3', ...weights());
      expect(code).toBe(1);
      return err;
    };
    expect(await error(at('weights.safetensors'))).toMatch(/edm2-evaluate metrics gen/);
    expect(await error(at('none.mjs'))).toMatch(/got no file/);
    expect(await error(await generator('other.mjs', 'export const make = 1;'))).toMatch(/generate\(seeds\), got make/);
    const short = 'export const generate = () => ({ data: new Uint8Array(12), shape: [1, 2, 2, 3] });';
    expect(await error(await generator('short.mjs', short))).toMatch(/shape: \[3, height.*got shape \[1,2,2,3\]/);
    const nothing = 'export const generate = () => {};';
    expect(await error(await generator('nothing.mjs', nothing))).toMatch(/got shape none and undefined/);
  });
});
