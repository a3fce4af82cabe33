import '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import { networks } from '@edm2/digits';
import { type Model, open } from 'edm2';
import { decode } from 'fast-png';
import { afterEach, expect, test } from 'vitest';

const FAST = { engine: 'onnxruntime', threads: 1 } as const;
let model: Model | undefined;
afterEach(() => model?.dispose());

const seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

async function draw(options: Parameters<typeof open>[1]): Promise<Uint8Array> {
  model = await open('digits', { ...FAST, ...options });
  for await (const { images, shape } of model.sample({ seeds, classes: seeds, steps: 8 })) {
    expect(shape).toEqual([10, 16, 16, 1]);
    return images;
  }
  throw new Error('no images');
}

const image = (images: Uint8Array, i: number): Uint8Array => images.subarray(i * 256, (i + 1) * 256);
const distance = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;

// digits.golden.png: the digits 0 to 9 as they came out when the network was published, looked at by eye.
const golden = decode(readFileSync(new URL('digits.golden.png', import.meta.url))).data as Uint8Array;

test('draws the ten digits that it drew when it was published', async () => {
  const images = await draw({});
  expect(model?.how).toBe('EMA length 0.1 of @edm2/digits, stored after 60,000 images');
  expect(model?.metadata).toMatchObject({ license: 'Apache-2.0', nimg: '60000', sigmaRel: '0.1' });
  for (const digit of seeds)
    expect(distance(image(images, digit), image(golden, digit)), String(digit)).toBeLessThan(1);
});

test('any EMA length can be had of the two that are stored, and each draws another image', async () => {
  const middle = await draw({ sigmaRel: 0.07 });
  expect(model?.how).toMatch(/^EMA length 0\.07 of @edm2\/digits, reconstructed/);
  const short = await draw({ sigmaRel: 0.05 });
  expect(model?.path.startsWith(networks)).toBe(true);
  for (const digit of seeds) {
    // The same strokes by and large: nearer to its own digit than to any other.
    const own = distance(image(middle, digit), image(golden, digit));
    for (const other of seeds)
      if (other !== digit)
        expect(own, `${digit} and ${other}`).toBeLessThan(distance(image(middle, digit), image(golden, other)));
    expect(distance(image(middle, digit), image(short, digit))).toBeGreaterThan(0);
  }
});
