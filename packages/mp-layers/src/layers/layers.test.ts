import '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import {
  forcedWeightNorm,
  MPConcat,
  MPConv2D,
  MPDense,
  MPFourier,
  MPSilu,
  MPSum,
  PixelNorm,
  registerMpLayers,
} from '@edm2/mp-layers/layers';
import { maxAbsoluteError } from '@edm2/test-support';
import * as tfCore from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tfCore.setBackend('cpu');
});

/** RMS of each output of a kernel. */
const rmsOfOutputs = (w: tfCore.Tensor): number[] =>
  Array.from(tfCore.sqrt(tfCore.mean(tfCore.square(w), w.shape.map((_, i) => i).slice(0, -1))).dataSync());

/** Every class in one functional model: image and noise level in, image out. */
function everyLayer(): tf.LayersModel {
  const image = tf.input({ shape: [4, 4, 3] });
  const sigma = tf.input({ shape: [1] });
  const one = new MPConv2D({ filters: 8, gain: 0.5 }).apply(image) as tf.SymbolicTensor;
  const two = new PixelNorm({}).apply(new MPConv2D({ filters: 8, kernelSize: 1 }).apply(image)) as tf.SymbolicTensor;
  const sum = new MPSum({ t: 0.3 }).apply([one, two]) as tf.SymbolicTensor;
  const cat = new MPConcat({ t: 0.4 }).apply([new MPSilu({}).apply(sum), image] as tf.SymbolicTensor[]);
  const out = new MPConv2D({ filters: 2, forced: false }).apply(cat) as tf.SymbolicTensor;
  const emb = new MPDense({ units: 32 }).apply(new MPFourier({ channels: 16 }).apply(sigma)) as tf.SymbolicTensor;
  const shaped = tf.layers.reshape({ targetShape: [4, 4, 2] }).apply(emb) as tf.SymbolicTensor;
  return tf.model({ inputs: [image, sigma], outputs: new MPSum({}).apply([out, shaped]) as tf.SymbolicTensor });
}

describe('tf.layers classes', () => {
  it('survive saving and loading', async () => {
    const model = everyLayer();
    const input = [tfCore.randomNormal([2, 4, 4, 3], 0, 1, 'float32', 1), tfCore.tensor2d([[0.1], [-0.4]])];
    const before = model.predict(input) as tfCore.Tensor;
    let saved: tfCore.io.ModelArtifacts | undefined;
    await model.save({
      save: async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      },
    });
    registerMpLayers();
    registerMpLayers();
    const loaded = await tf.loadLayersModel({ load: async () => saved ?? {} });
    const after = loaded.predict(input) as tfCore.Tensor;
    expect(after.shape).toEqual([2, 4, 4, 2]);
    expect(maxAbsoluteError(after.dataSync(), before.dataSync())).toBe(0);
    expect(loaded.layers.map((layer) => layer.getConfig())).toEqual(model.layers.map((layer) => layer.getConfig()));
    expect(loaded.trainableWeights.length).toBe(4);
  });

  it('forces weights at the start of a training pass, and only then', () => {
    const x = tfCore.randomNormal([2, 5], 0, 1, 'float32', 2);
    for (const forced of [true, false]) {
      const layer = new MPDense({ units: 3, forced });
      layer.apply(x);
      const kernel = layer.getWeights()[0] as tfCore.Tensor;
      layer.setWeights([tfCore.mul(kernel, 7)]);
      layer.apply(x);
      for (const rms of rmsOfOutputs(layer.getWeights()[0] as tfCore.Tensor)) expect(rms).toBeGreaterThan(2);
      layer.apply(x, { training: true });
      for (const rms of rmsOfOutputs(layer.getWeights()[0] as tfCore.Tensor))
        if (forced) expect(rms).toBeCloseTo(1, 3);
        else expect(rms).toBeGreaterThan(2);
    }
  });

  it('forcedWeightNorm is a constraint that any layer accepts', () => {
    const dense = tf.layers.dense({ units: 3, useBias: false, kernelConstraint: forcedWeightNorm() });
    dense.apply(tfCore.ones([1, 4]));
    dense.setWeights([tfCore.randomNormal([4, 3], 0, 9, 'float32', 3)]);
    for (const rms of rmsOfOutputs(dense.getWeights()[0] as tfCore.Tensor)) expect(rms).toBeCloseTo(1, 3);
    expect(dense.getConfig()['kernelConstraint']).toEqual({ className: 'ForcedWeightNorm', config: {} });
  });

  it('leaks nothing but its weights', () => {
    const model = everyLayer();
    const input = [tfCore.ones([1, 4, 4, 3]), tfCore.ones([1, 1])];
    const before = tfCore.memory().numTensors;
    tfCore.dispose(model.predict(input));
    expect(tfCore.memory().numTensors).toBe(before);
  });

  it('refuses one input where it needs two', () => {
    expect(() => new MPSum({}).call(tfCore.ones([2]))).toThrow(/MPSum: expected two inputs, got 1/);
  });
});

describe('the README’s example', () => {
  it('is the file that is tested here', () => {
    // The page is one program, which has tf from its first block.
    const code = readFileSync(new URL('./readme-example.ts', import.meta.url), 'utf8')
      .replaceAll('export ', '')
      .replace("import * as tf from '@tensorflow/tfjs';\n", '');
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    expect(readme).toContain(code.trim());
  });

  it('learns', async () => {
    const { history, model } = await import('./readme-example.js');
    const loss = (history['loss'] ?? []).map(Number);
    expect(Number(history['acc']?.at(-1))).toBeGreaterThan(0.95);
    expect(loss.at(-1)).toBeLessThan((loss[0] ?? 0) / 4);
    // Kernels were forced in each step: after the last update they are one step of Adam away from RMS 1.
    for (const layer of [model.layers[0], model.layers[5]])
      for (const rms of rmsOfOutputs(layer?.getWeights()[0] as tfCore.Tensor))
        expect(Math.abs(rms - 1)).toBeLessThan(0.05);
  });
});
