import '@tensorflow/tfjs';
import {
  type ConfigName,
  createUNet,
  forceWeightNorm,
  initParams,
  ladder,
  plainSum,
  SWITCH_NAMES,
  type Switches,
  type SwitchName,
  switchesOf,
  switchValues,
  type UNet,
} from '@edm2/edm2-unet';
import { useQuickFilterGradient } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
  useQuickFilterGradient();
});

const shape = {
  imgResolution: 8,
  imgChannels: 2,
  labelDim: 3,
  modelChannels: 8,
  channelMult: [1, 2],
  numBlocks: 1,
  attnResolutions: [4],
  channelsPerHead: 8,
} as const;
const letters = Object.keys(ladder) as ConfigName[];
const specs = ({ parameters }: UNet) =>
  parameters.map(({ name, shape, init }) => `${name} ${shape} ${JSON.stringify(init)}`);

/** The network's output with parameters that depend on their name and shape alone, none 0. */
function output(unet: UNet): Float32Array {
  return tf.tidy(() => {
    const params = Object.fromEntries(
      unet.parameters.map(({ name, shape: s }) => {
        const seed = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 1);
        return [name, tf.randomNormal([...s], 0, 0.3, 'float32', seed)];
      }),
    );
    const x = tf.randomNormal<tf.Rank.R4>([2, 8, 8, 2], 0, 1, 'float32', 3);
    const labels = tf.tensor2d([1, 0, 0, 0, 0, 1], [2, 3]);
    return unet.apply(params, x, tf.tensor1d([-0.3, 0.4]), labels).dataSync() as Float32Array;
  });
}

describe('the ladder, switch by switch', () => {
  test.each(letters)('%s has a value of every switch, and from A they lead to it', (letter) => {
    const switches = switchesOf(letter);
    expect(Object.keys(switches)).toEqual(SWITCH_NAMES);
    for (const name of SWITCH_NAMES) expect(switchValues(name)).toContain(String(switches[name]));
    const [own, made] = [letter, 'A' as const].map((config) => createUNet({ config, ...shape, ...switches }));
    const plain = createUNet({ config: letter, ...shape });
    for (const unet of [own, made]) {
      expect(unet && specs(unet)).toEqual(specs(plain));
      expect(unet && output(unet)).toEqual(output(plain));
      expect({ ...unet?.vocabulary, attnResolutions: [] }).toEqual({ ...plain.vocabulary, attnResolutions: [] });
    }
  });

  test('each step changes the switches that the paper names', () => {
    const changed = letters.slice(1).map((letter, i) => {
      const [before, after] = [switchesOf(letters[i] ?? 'A'), switchesOf(letter)];
      return SWITCH_NAMES.filter((name) => before[name] !== after[name]).join(' ');
    });
    expect(changed).toEqual([
      '',
      'bias offset noiseFeatures labelScale onesChannel attention groupNorm init',
      'init weightNorm',
      'forcedWeightNorm',
      'groupNorm block noiseLayers outputSilu',
      'noiseFeatures activation sum cat gains',
    ]);
  });
});

/** What a switch alone changes in G: parameters that appear or go, and whether outputs of the same parameters differ. */
const ALONE: Readonly<Record<SwitchName, { set: Switches; gone?: RegExp; added?: RegExp; output: boolean }>> = {
  bias: { set: { bias: true }, added: /\.bias$/, output: true },
  offset: { set: { offset: true }, gone: /emb_linear/, added: /emb_linear/, output: true },
  noiseFeatures: { set: { noiseFeatures: 'position' }, gone: /emb_fourier/, output: true },
  labelScale: { set: { labelScale: 'one' }, output: true },
  onesChannel: { set: { onesChannel: false }, gone: /8x8_conv/, added: /8x8_conv/, output: true },
  attention: { set: { attention: 'dot-product' }, added: /attn_norm\.(weight|bias)$/, output: true },
  groupNorm: { set: { groupNorm: 'rms', block: 'adm' }, gone: /conv_res0/, added: /conv_res0/, output: true },
  init: { set: { init: 'fan-in' }, output: false },
  weightNorm: { set: { weightNorm: false }, output: true },
  forcedWeightNorm: { set: { forcedWeightNorm: false }, output: false },
  block: { set: { block: 'adm' }, gone: /conv_res0/, added: /conv_res0/, output: true },
  noiseLayers: { set: { noiseLayers: 2 }, added: /emb_noise1/, output: true },
  outputSilu: { set: { outputSilu: true }, output: true },
  activation: { set: { activation: 'silu' }, output: true },
  sum: { set: { sum: 'plain' }, output: true },
  cat: { set: { cat: 'plain' }, output: true },
  gains: { set: { gains: false }, gone: /_gain$/, output: true },
};

test.each(Object.entries(ALONE))(
  'G with another %s changes that and no more',
  (_, { set, gone, added, output: moves }) => {
    const plain = createUNet({ ...shape });
    const other = createUNet({ ...shape, ...set });
    const [before, after] = [plain, other].map(({ parameters }) =>
      parameters.map(({ name, shape: s }) => `${name} ${s}`),
    );
    const only = (a: string[] = [], b: string[] = []) =>
      a.filter((spec) => !b.includes(spec)).map((spec) => spec.split(' ')[0] ?? '');
    const [lost, won] = [only(before, after), only(after, before)];
    expect(lost.length > 0).toBe(gone !== undefined);
    expect(won.length > 0).toBe(added !== undefined);
    for (const name of lost) expect(name).toMatch(gone ?? /^$/);
    for (const name of won) expect(name).toMatch(added ?? /^$/);
    expect(output(other).some((value, i) => value !== output(plain)[i])).toBe(moves);
    expect(other.config).toMatchObject(set);
  },
);

test('C with forced normalisation: weights of unit gain, as its plain layers use them', () => {
  const unet = createUNet({ ...shape, config: 'C', forcedWeightNorm: true });
  const params = initParams(unet, 1);
  const forced = forceWeightNorm(unet, params);
  const name = 'unet.enc.8x8_block0.conv_res0.weight';
  const w = forced[name] as tf.Tensor;
  const squares = tf.sum(tf.square(w), [0, 1, 2]).dataSync();
  for (const square of squares) expect(square).toBeCloseTo(1, 2);
  // Without the switch, C's stay as they are.
  const plain = forceWeightNorm(createUNet({ ...shape, config: 'C' }), params);
  expect(plain[name]?.dataSync()).toEqual(params[name]?.dataSync());
});

test('what does not go together, or is not known, is refused with what to do', () => {
  const make = (options: object) => () => createUNet({ ...shape, ...options });
  expect(make({ config: 'E', block: 'edm2' })).toThrow("createUNet: expected block 'edm2' with groupNorm 'none'");
  expect(make({ config: 'G', groupNorm: 'rms' })).toThrow("or block 'adm'.");
  expect(make({ config: 'B', weightNorm: true })).toThrow(
    "got init 'zero-last'. Set init 'unit-normal' or 'fan-in' too.",
  );
  expect(make({ config: 'A', forcedWeightNorm: true })).toThrow("got init 'zero-last'.");
  expect(make({ attention: 'cosin' })).toThrow('expected attention as one of dot-product, cosine, got "cosin".');
  expect(make({ noiseLayers: 3 })).toThrow('expected noiseLayers as one of 1, 2, got 3.');
  expect(make({ biases: true })).toThrow(/expected options among .*, got biases. Did you mean bias\?/);
  expect(() => createUNet({ ...shape, bias: true }, { vocabulary: { ...ladder.G, sum: plainSum } })).toThrow(
    'got both (bias)',
  );
});

test('what starts from N(0, 1) in D to G only because something normalises it starts otherwise when nothing does', () => {
  const start = (options: Partial<Parameters<typeof createUNet>[0]>, name: string) =>
    createUNet({ ...shape, ...options }).parameters.find((spec) => spec.name === name)?.init;
  const layer = 'unet.enc.8x8_block0.conv_res0';
  const plain = start({ config: 'C' }, `${layer}.weight`);
  for (const config of ['D', 'G'] as const) {
    expect(start({ config }, `${layer}.weight`)).toEqual({ normal: 1 });
    expect(start({ config, bias: true }, `${layer}.bias`)).toEqual({ constant: 0 });
    expect(start({ config, weightNorm: false, init: 'unit-normal' }, `${layer}.weight`)).toEqual({ normal: 1 });
  }
  expect(start({ config: 'D', weightNorm: false }, `${layer}.weight`)).toEqual(plain);
  // A bias of A and B has its weight's bound.
  expect(start({ config: 'B' }, `${layer}.bias`)).toEqual(start({ config: 'B' }, `${layer}.weight`));
});

test('initGain is a factor on uniform bounds alone, and stays away when it is not set', () => {
  const [one, he] = [undefined, Math.sqrt(3)].map((initGain) =>
    createUNet({ ...shape, config: 'B', ...(initGain ? { initGain } : {}) }),
  );
  expect(one?.config).not.toHaveProperty('initGain');
  expect(he?.config.initGain).toBe(Math.sqrt(3));
  one?.parameters.forEach(({ init }, i) => {
    const other = he?.parameters[i]?.init;
    if (!('uniform' in init) || init.uniform[0] === 0) expect(other).toEqual(init);
    else expect(other).toEqual({ uniform: init.uniform.map((bound) => bound * Math.sqrt(3)) });
  });
  expect(() => createUNet({ ...shape, initGain: 0 })).toThrow('expected initGain as a number above 0, got 0.');
});
