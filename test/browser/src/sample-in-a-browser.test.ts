import '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import { precondition } from '@edm2/edm2-unet';
import { type Denoiser, heun, karrasSchedule } from '@edm2/sampler';
import { relativeError } from '@edm2/test-support';
import { toOnnx } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import * as ortNode from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from './chromium.js';
import { mainNetwork } from './main-network.js';
import { type BrowserRuntime, startBrowser } from './runtimes.js';

const EXAMPLE = new URL('../../../examples/sample-in-a-browser/', import.meta.url);
const PAGE = ['index.html', 'page.js', 'denoiser.js', 'sample.js'];
const [ROW, SIDE, STEPS, SEED] = [10, 16, 8, 1];

type Denoise = (x: Float32Array, sigma: number) => Promise<Float32Array>;
/** The example's own modules; plain JavaScript. */
const load = async <T>(name: string): Promise<T> => (await import(new URL(name, EXAMPLE).href)) as T;
const { sample, unitNoise } = await load<{
  sample(denoise: Denoise, noise: Float32Array, options: { steps: number }): Promise<Float32Array>;
  unitNoise(length: number, seed: number): Float32Array;
}>('sample.js');
const { loadDenoiser } = await load<{ loadDenoiser(ort: unknown, model: Uint8Array): Promise<Denoise> }>('denoiser.js');

const found = await findChromium();
const title = 'path' in found ? 'Chromium' : `Chromium (skipped: ${found.absent})`;

describe.skipIf('absent' in found)(`examples/sample-in-a-browser in ${title}`, () => {
  let browser: BrowserRuntime;
  let model: Uint8Array;
  let denoise: Denoiser;

  beforeAll(async () => {
    await tf.setBackend('cpu');
    const { unet, params } = mainNetwork();
    const denoiser = precondition(unet)(params);
    denoise = denoiser as Denoiser;
    const shapes = [tf.zeros([ROW, SIDE, SIDE, 1]), tf.ones([ROW]), tf.zeros([ROW, ROW])];
    model = toOnnx(denoiser as (...xs: tf.Tensor[]) => tf.Tensor, shapes, {
      inputNames: ['x', 'sigma', 'labels'],
      outputNames: ['denoised'],
    });
    browser = await startBrowser('path' in found ? found.path : '');
    for (const name of PAGE) browser.files.set(`/${name}`, readFileSync(new URL(name, EXAMPLE)));
    browser.files.set('/model.onnx', model);
  });
  afterAll(() => browser?.close());

  it('samples what Node samples, on onnxruntime-node and with @edm2/sampler op by op', async () => {
    const noise = unitNoise(ROW * SIDE * SIDE, SEED);
    const inNode = await sample(await loadDenoiser(ortNode, model), noise, { steps: STEPS });
    // Two of the ten: they do not depend on each other, and the plain backend is slow.
    const two = 2 * SIDE * SIDE;
    const exact = await heun(denoise, tf.tensor4d(noise.slice(0, two), [2, SIDE, SIDE, 1]), {
      sigmas: karrasSchedule({ steps: STEPS }),
      labels: tf.oneHot(tf.tensor1d([0, 1], 'int32'), ROW, 1, 0, 'float32'),
    });
    const inPage = await browser.page.evaluate<number[]>(`(async () => {
      const [{ loadDenoiser }, { sample, unitNoise }] = await Promise.all([import('/denoiser.js'), import('/sample.js')]);
      const denoise = await loadDenoiser(ort, '/model.onnx');
      return Array.from(await sample(denoise, unitNoise(${ROW * SIDE * SIDE}, ${SEED}), { steps: ${STEPS} }));
    })()`);
    // Images of order 1 after fifteen evaluations of the network.
    expect(relativeError(inPage, inNode)).toBeLessThan(1e-5);
    expect(relativeError(inPage.slice(0, two), exact.dataSync())).toBeLessThan(1e-5);
  });

  it('draws them', async () => {
    const errors: string[] = [];
    browser.page.on('pageerror', ({ message }) => errors.push(message));
    await browser.page.goto(`${browser.url}/index.html`);
    await browser.page.waitForFunction("/ s$|failed/.test(document.querySelector('output').value)");
    expect(errors).toEqual([]);
    expect(await browser.page.evaluate("document.querySelector('output').value")).toMatch(/^50 digits in/);
    // Every cell holds a picture of its own.
    const cells = await browser.page.evaluate<string[]>(`Array.from({ length: 50 }, (_, i) => {
      const at = (k) => 1 + k * ${SIDE + 1};
      const context = document.querySelector('canvas').getContext('2d');
      return context.getImageData(at(i % 10), at(Math.floor(i / 10)), ${SIDE}, ${SIDE}).data.join();
    })`);
    expect(new Set(cells).size).toBe(50);
    const before = cells[0];
    await browser.page.click('button');
    await browser.page.waitForFunction("/^row 2/.test(document.querySelector('output').value)");
    const after = await browser.page.evaluate<string>(
      `document.querySelector('canvas').getContext('2d').getImageData(1, 1, ${SIDE}, ${SIDE}).data.join()`,
    );
    expect(after).not.toBe(before);
  });
});
