import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openReadyImages, openSquareImages } from './ready-images.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-ready-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeAll(() => void vi.spyOn(process.stderr, 'write').mockImplementation(() => true));
const at = (...names: string[]): string => join(scratch, ...names);

function photo(folder: string, name: string, width: number, height: number): void {
  mkdirSync(at(folder), { recursive: true });
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + width) % 256);
  writeFileSync(at(folder, name), Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), data]));
}

/** Where what is opened lies, what it is, and what is said. */
async function ready(folder: string, options: { resolution?: number; dryRun?: boolean } = {}) {
  const said: string[] = [];
  const dataset = await openReadyImages(at(folder), {
    ...options,
    cache: at(folder, '..', `${folder}-run`, 'cache'),
    flags: { path: '--data' },
    say: (text) => void said.push(text),
  });
  await dataset?.close();
  return { path: dataset?.path, dataset, said: said.join('\n') };
}

test('images that are square, a power of two and alike stay where they are', async () => {
  for (const i of [0, 1]) photo('square', `${i}.ppm`, 16, 16);
  for (const options of [{}, { resolution: 16 }]) {
    const { dataset, said } = await ready('square', options);
    expect(dataset).toMatchObject({ path: at('square'), length: 2, resolution: 16 });
    expect(said).toBe('');
  }
  expect((await ready('square', { resolution: 8 })).path).toMatch(/images-8-\w+\.zip$/);
});

test('others are converted once, to the side that most of them reach, and it is said before', async () => {
  photo('cats/a', '0.ppm', 40, 30);
  photo('cats/a', '1.ppm', 20, 36);
  photo('cats/b', '2.ppm', 9, 9);
  const dry = await ready('cats', { dryRun: true });
  expect(dry.path).toBeUndefined();
  expect(dry.said).toMatch(
    /images of 9×9 to 40×30, .*: 3 images are cropped in the middle and resized to 16×16 → .*cats-run/,
  );
  expect(existsSync(at('cats-run'))).toBe(false);
  const first = await ready('cats');
  expect(first.said).toContain('1: enlarged (b/2.ppm)');
  expect(first.dataset).toMatchObject({ length: 3, resolution: 16, channels: 3, labelDim: 2 });
  const written = statSync(first.path as string).mtimeMs;
  const second = await ready('cats');
  expect(second.path).toBe(first.path);
  expect(second.said).toMatch(/was made before$/);
  expect(statSync(first.path as string).mtimeMs).toBe(written);
  // Another picture is another set.
  photo('cats/b', '3.ppm', 50, 50);
  expect((await ready('cats')).path).not.toBe(first.path);
});

test('where nothing may be cropped unasked, the error has the command that does it', async () => {
  photo('holiday snaps', '0.ppm', 300, 200);
  photo('holiday snaps', '1.ppm', 400, 310);
  const refused = (options: object) => openSquareImages(at('holiday snaps'), '--source', options);
  await expect(refused({ mostSide: 256 })).rejects.toThrow(
    /--source: expected square images of one size, a power of two, got images of 300×200 to 400×310 in .*Convert them, then name 'holiday snaps-256\.zip': .*convert --source '.*holiday snaps' --dest 'holiday snaps-256\.zip' --transform center-crop-dhariwal --resolution 256x256$/,
  );
  await expect(refused({ resolution: 32 })).rejects.toThrow(/--resolution 32x32$/);
  await expect(refused({})).rejects.toMatchObject({ name: 'UsageError' });
  photo('fine', '0.ppm', 32, 32);
  const dataset = await openSquareImages(at('fine'), '--source');
  expect(dataset.resolution).toBe(32);
  await dataset.close();
});
