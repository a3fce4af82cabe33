import '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import { mpConv2d, mpDense } from '@edm2/mp-layers';
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

  it.each<[string, () => unknown, RegExp]>([
    [
      'an activation',
      () => new MPDense({ units: 2, activation: 'relu' } as never),
      /MPDense: expected no activation but linear, got "relu". Put an activation layer/,
    ],
    [
      'strides',
      () => new MPConv2D({ filters: 2, strides: 2 } as never),
      /no strides but 1, got 2. Put tf.layers.averagePooling2d/,
    ],
    ['strides by axis', () => new MPConv2D({ filters: 2, strides: [2, 1] } as never), /got \[2,1\]/],
    ['padding', () => new MPConv2D({ filters: 2, padding: 'valid' } as never), /no padding but same, got "valid"/],
    ['dilation', () => new MPConv2D({ filters: 2, dilationRate: [2, 2] } as never), /no dilationRate but 1/],
    ['a bias', () => new MPConv2D({ filters: 2, useBias: true } as never), /no useBias but false, got true/],
    ['channels first', () => new MPConv2D({ filters: 2, dataFormat: 'channelsFirst' } as never), /\[N, H, W, C\]/],
    [
      'an initializer',
      () => new MPDense({ units: 2, kernelInitializer: 'zeros' } as never),
      /no kernelInitializer, got "zeros"/,
    ],
    [
      'a constraint',
      () => new MPDense({ units: 2, kernelConstraint: forcedWeightNorm() } as never),
      /no kernelConstraint, got an object/,
    ],
    ['an inputDim', () => new MPDense({ units: 2, inputDim: 3 } as never), /Give inputShape/],
    ['a setting of another layer', () => new MPSilu({ t: 0.3 } as never), /MPSilu: expected options among .*, got t/],
    ['a misspelled one', () => new MPFourier({ channel: 4 } as never), /got channel. Did you mean channels\?/],
    ['a share beyond 1', () => new MPSum({ t: 30 }), /MPSum: expected 0 <= t <= 1, got 30/],
    ['weights of a sum', () => new MPConcat({ axis: 1 } as never), /MPConcat: .*got axis/],
    ['no filters', () => new MPConv2D({} as never), /filters as a positive integer, got nothing/],
    ['half a unit', () => new MPDense({ units: 1.5 }), /units as a positive integer, got 1.5/],
    [
      'an even kernel',
      () => new MPConv2D({ filters: 2, kernelSize: 4 }),
      /kernelSize as an odd positive integer or two, got 4/,
    ],
    [
      'a kernel of three sides',
      () => new MPConv2D({ filters: 2, kernelSize: [3, 3, 3] as never }),
      /or two, got \[3,3,3\]/,
    ],
    ['a tensor as gain', () => new MPDense({ units: 2, gain: tfCore.scalar(1) as never }), /give learnedGain: true/],
    ['no settings at all', () => new MPDense(2 as never), /expected an object of options, got number 2/],
    [
      'options of the constraint',
      () => forcedWeightNorm({ axis: 0 } as never),
      /forcedWeightNorm: expected no options, got axis/,
    ],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  it('take what says the same as they do', () => {
    const same = { strides: [1, 1], padding: 'same', useBias: false, dataFormat: 'channelsLast', dilationRate: 1 };
    const layer = new MPConv2D({ filters: 2, kernelSize: [3, 3], activation: null, ...same } as never);
    expect(layer.getConfig()).toMatchObject({ filters: 2, kernelSize: 3 });
    const wide = new MPConv2D({ filters: 2, kernelSize: [1, 5] });
    const x = tfCore.randomNormal([1, 4, 8, 3], 0, 1, 'float32', 1) as tfCore.Tensor4D;
    const y = wide.apply(x) as tfCore.Tensor;
    const [kernel] = wide.getWeights();
    expect(kernel?.shape).toEqual([1, 5, 3, 2]);
    expect(maxAbsoluteError(y.dataSync(), mpConv2d(x, kernel as tfCore.Tensor4D).dataSync())).toBe(0);
    expect(new MPConv2D(wide.getConfig() as never).getConfig()).toEqual(wide.getConfig());
  });

  it('MPDense works on the last axis of any input, as tf.layers.dense does', () => {
    const layer = new MPDense({ units: 5, inputShape: [4, 3] });
    const x = tfCore.randomNormal([2, 4, 3], 0, 1, 'float32', 2);
    const y = layer.apply(x) as tfCore.Tensor;
    expect(y.shape).toEqual([2, 4, 5]);
    expect(layer.computeOutputShape([null, 4, 3])).toEqual([null, 4, 5]);
    const [kernel] = layer.getWeights();
    const flat = mpDense(tfCore.reshape(x, [8, 3]), kernel as tfCore.Tensor);
    expect(maxAbsoluteError(y.dataSync(), flat.dataSync())).toBe(0);
  });

  it('a model with the constraint survives loading too', async () => {
    registerMpLayers();
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 3, inputShape: [4], kernelConstraint: forcedWeightNorm() })],
    });
    let saved: tfCore.io.ModelArtifacts = {};
    await model.save({
      save: async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      },
    });
    const loaded = await tf.loadLayersModel({ load: async () => saved });
    expect(loaded.layers[0]?.getConfig()['kernelConstraint']).toEqual({ className: 'ForcedWeightNorm', config: {} });
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
