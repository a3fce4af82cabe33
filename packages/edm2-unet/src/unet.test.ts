import '@tensorflow/tfjs';
import {
  type ConfigName,
  createUNet,
  forceWeightNorm,
  initParams,
  ladder,
  type Params,
  plainSum,
  precondition,
  presets,
  silu,
  type UNetOptions,
} from '@edm2/edm2-unet';
import { createRandom } from '@edm2/random';
import { maxAbsoluteError, useQuickFilterGradient } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
  useQuickFilterGradient();
});

const tiny = {
  imgResolution: 8,
  imgChannels: 2,
  labelDim: 3,
  modelChannels: 8,
  channelMult: [1, 2],
  numBlocks: 1,
  attnResolutions: [4],
  channelsPerHead: 8,
} satisfies UNetOptions;
const letters = Object.keys(ladder) as ConfigName[];

const normal = (shape: [number, number, number, number], seed: number): tf.Tensor4D =>
  tf.randomNormal(shape, 0, 1, 'float32', seed);
const x = () => normal([2, 8, 8, 2], 1);
const sigma = () => tf.tensor1d([0.3, 2]);
const labels = () => tf.tensor2d([1, 0, 0, 0, 0, 1], [2, 3]);
/** Parameters none of which is 0, so that every path carries something. */
const alive = (params: Params): Params =>
  Object.fromEntries(
    Object.entries(params).map(([name, p], i) => [name, tf.add(p, tf.randomNormal(p.shape, 0, 0.3, 'float32', i + 1))]),
  );
const difference = (a: tf.Tensor, b: tf.Tensor): number => maxAbsoluteError(a.dataSync(), b.dataSync());

describe('createUNet', () => {
  it('fills in the paper’s defaults and keeps the configuration as plain data', () => {
    const { config } = createUNet({ imgResolution: 64, imgChannels: 4 });
    expect(config).toEqual({
      config: 'G',
      imgResolution: 64,
      imgChannels: 4,
      labelDim: 0,
      modelChannels: 192,
      channelMult: [1, 2, 3, 4],
      numBlocks: 3,
      attnResolutions: [16, 8],
      channelsPerHead: 64,
      dropout: 0,
    });
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(createUNet({ config: 'A', imgResolution: 64, imgChannels: 4 }).config.attnResolutions).toEqual([32, 16, 8]);
    expect(createUNet(config).config).toEqual(config);
  });

  it.each([
    [{ imgResolution: 12, channelMult: [1, 1, 1, 1] }, /imgResolution as a multiple of 8, for 4 levels, got 12/],
    [{ config: 'H' }, /config as one of A, B, C, D, E, F, G, got "H"/],
    [{ imgResolution: 8.5 }, /imgResolution as a positive integer, got 8.5/],
    [{ modelChannels: 0 }, /modelChannels as a positive integer, got 0/],
    [{ labelDim: -1 }, /labelDim as an integer >= 0, got -1/],
    [{ channelMult: [] }, /channelMult as multiples/],
    [{ channelMult: [1, 0.3] }, /channelMult as multiples/],
    [{ channelMultNoise: 0.3 }, /channelMultNoise as a multiple of modelChannels .*, got 0.3/],
    [{ channelMultEmb: 0 }, /channelMultEmb as a multiple of modelChannels .*, got 0/],
    [{ config: 'B', channelMultNoise: 3 / 8 }, /even number of noise features, sines and cosines, got 3/],
    [{ labelBalance: -0.1 }, /labelBalance from 0 to 1, got -0.1/],
    [{ concatBalance: '0.4' }, /concatBalance from 0 to 1, got "0.4"/],
    [{ config: 'F', resBalance: 0.4 }, /resBalance with a magnitude-preserving sum, got 0.4 .* Set sum: 'mp' too/],
    [{ cat: 'plain', concatBalance: 0.4 }, /concatBalance with a magnitude-preserving cat/],
    [{ clipAct: 0 }, /clipAct as a number above 0, or null for no limit, got 0/],
    [{ dropout: 1 }, /dropout as 0 <= dropout < 1, got 1/],
    [{ numBlock: 2 }, /expected options among config, imgResolution.*, got numBlock. Did you mean numBlocks\?/],
    [{ channelsPerHead: 3 }, /16 channels of a block with attention to split into 5 heads/],
    [
      { config: 'A', modelChannels: 140, channelMult: [1, 1], channelsPerHead: 70 },
      /groupNorm: expected channels in 32 equal groups, got 140/,
    ],
  ])('refuses %o', (change, text) => {
    const make = () => createUNet({ ...tiny, ...change } as UNetOptions);
    expect(make).toThrow(RangeError);
    expect(make).toThrow(text);
  });

  it('makes every preset, without allocating', () => {
    const before = tf.memory().numTensors;
    for (const { unet } of Object.values(presets)) expect(createUNet(unet).parameters.length).toBeGreaterThan(40);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('apply', () => {
  const unet = createUNet({ ...tiny, dropout: 0.1 });
  const cNoise = () => tf.tensor1d([-0.3, 0.2]);

  it.each([
    ['x', { x: () => normal([2, 4, 4, 2], 1) }, /x of shape \[2,8,8,2\], got \[2,4,4,2\]/],
    ['cNoise', { cNoise: () => tf.zeros([1]) }, /cNoise of shape \[2\], got \[1\]/],
    ['labels', { labels: () => tf.zeros([2, 4]) }, /labels of shape \[2,3\], got \[2,4\]/],
    ['params', { params: {} }, /params to hold unet\.emb_fourier\.freqs/],
  ])('names a wrong %s', (_, wrong, text) => {
    const all = { x, cNoise, labels, params: initParams(unet, 1), ...wrong };
    expect(() => unet.apply(all.params, all.x() as tf.Tensor4D, all.cNoise(), all.labels())).toThrow(text);
  });

  it.each(letters)(
    'of config %s is pure: no tensor left, none disposed, watched and differentiated alike',
    (config) => {
      const net = createUNet({ ...tiny, config });
      const params = alive(initParams(net, 1));
      const [image, noise, classes] = [x(), cNoise(), labels()];
      const before = tf.memory().numTensors;
      const y = net.apply(params, image, noise, classes);
      expect(tf.memory().numTensors).toBe(before + 1);
      const seen: string[] = [];
      const watched = net.apply(params, image, noise, classes, { onActivation: (name) => seen.push(name) });
      expect(tf.memory().numTensors).toBe(before + 2);
      expect(difference(watched, y)).toBeLessThan(1e-5);
      expect([...seen].sort()).toEqual(
        [...net.layers, ...net.plan.encoder, ...net.plan.decoder].map(({ name }) => name).sort(),
      );
      const dx = tf.grad((t: tf.Tensor) => tf.sum(net.apply(params, t as tf.Tensor4D, noise, classes)))(image);
      expect(tf.memory().numTensors).toBe(before + 3);
      tf.dispose([y, watched, dx]);
    },
  );

  it('treats images of a batch independently', () => {
    const params = alive(initParams(unet, 1));
    const whole = unet.apply(params, x(), cNoise(), labels());
    const second = unet.apply(
      params,
      tf.slice(x(), [1], [1]),
      tf.slice(cNoise(), [1], [1]),
      tf.slice(labels(), [1], [1]),
    );
    expect(difference(tf.slice(whole, [1], [1]), second)).toBeLessThan(1e-6);
  });

  it('drops where the masks say, in every block, record or function', () => {
    const params = alive(initParams(unet, 1));
    const shapes = unet.dropoutShapes(2);
    expect(shapes).toEqual(
      Object.fromEntries(
        [...unet.plan.encoder, ...unet.plan.decoder].map((b) => [b.name, [2, b.resolution, b.resolution, b.to]]),
      ),
    );
    const run = (dropoutMask: Parameters<typeof unet.apply>[4]) =>
      unet.apply(params, x(), cNoise(), labels(), dropoutMask);
    const plain = run({});
    const masks = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tf.ones(shape)]));
    expect(difference(run({ dropoutMask: masks }), plain)).toBe(0);
    for (const [name, shape] of Object.entries(shapes)) {
      const dropped = run({ dropoutMask: { ...masks, [name]: tf.zeros(shape) } });
      expect(difference(dropped, plain), name).toBeGreaterThan(1e-3);
      expect(difference(run({ dropoutMask: (block) => (block === name ? tf.zeros(shape) : undefined) }), dropped)).toBe(
        0,
      );
    }
    expect(createUNet(tiny).dropoutShapes(2)).toEqual({});
  });

  it('ignores labels of an unconditional network', () => {
    const net = createUNet({ ...tiny, labelDim: 0 });
    const params = alive(initParams(net, 1));
    expect(difference(net.apply(params, x(), cNoise(), labels()), net.apply(params, x(), cNoise()))).toBe(0);
  });

  it('speaks the vocabulary that it is given', () => {
    const params = alive(initParams(unet, 1));
    const y = unet.apply(params, x(), cNoise());
    for (const change of [{ sum: plainSum }, { activation: silu }, { share: { ...ladder.G.share, block: 0.7 } }]) {
      const variant = createUNet(tiny, { vocabulary: { ...ladder.G, ...change } });
      expect(variant.parameters).toEqual(unet.parameters);
      expect(difference(variant.apply(params, x(), cNoise()), y)).toBeGreaterThan(1e-3);
    }
  });
});

describe('the clamp', () => {
  it('limits every block to ±256 and lets no gradient through beyond', () => {
    const huge = { ...ladder.G, sum: (a: tf.Tensor, b: tf.Tensor) => tf.mul(tf.add(a, b), 1e5) };
    const unet = createUNet(tiny, { vocabulary: huge });
    const params = alive(initParams(unet, 1));
    const blocks = new Set([...unet.plan.encoder, ...unet.plan.decoder].map(({ name }) => name));
    unet.apply(params, x(), tf.zeros([2]), undefined, {
      onActivation: (name, value) => {
        if (blocks.has(name)) expect(tf.max(tf.abs(value)).dataSync()[0], name).toBe(256);
      },
    });
    const dx = tf.grad((t: tf.Tensor) => tf.sum(tf.square(unet.apply(params, t as tf.Tensor4D, tf.zeros([2])))))(x());
    expect(tf.max(tf.abs(dx)).dataSync()[0]).toBeLessThan(10);
  });
});

describe('initParams', () => {
  it('gives each parameter its own stream', () => {
    const params = initParams(createUNet(tiny), 5);
    const name = 'unet.out_conv.weight';
    expect(params[name]?.dataSync()).toEqual(
      createRandom(5)
        .stream('init', name)
        .normal(3 * 3 * 8 * 2),
    );
    const other = initParams(createUNet({ ...tiny, numBlocks: 2 }), 5);
    expect(other[name]?.dataSync()).toEqual(params[name]?.dataSync());
    expect(initParams(createUNet(tiny), 6)[name]?.dataSync()).not.toEqual(params[name]?.dataSync());
  });

  it.each(letters)('of config %s starts as the paper says', (config) => {
    const unet = createUNet({ ...tiny, config });
    const of = (end: string) => unet.parameters.find(({ name }) => name.endsWith(end))?.init;
    const uniform = { uniform: [-1 / Math.sqrt(72), 1 / Math.sqrt(72)] };
    const weight = config < 'C' ? { constant: 0 } : config === 'C' ? uniform : { normal: 1 };
    expect(of('enc.8x8_block0.conv_res1.weight')).toEqual(weight);
    expect(of('out_conv.weight')).toEqual(weight);
    expect(of('enc.8x8_block0.conv_res0.weight')).toEqual(config < 'D' ? uniform : { normal: 1 });
    if (config < 'C') expect(of('enc.8x8_block0.conv_res0.bias')).toEqual(uniform);
    expect(of('emb_label.weight')).toEqual(
      config === 'C' ? { uniform: [-1 / Math.sqrt(3), 1 / Math.sqrt(3)] } : { normal: 1 },
    );
    expect(of('out_gain')).toEqual(config === 'G' ? { constant: 0 } : undefined);
    // D(x; σ) = c_skip·x at the start where the last layers or gains are 0.
    const s = sigma();
    const start = precondition(unet)(initParams(unet, 1))(x(), s, labels());
    const skip = tf.mul(x(), tf.reshape(tf.div(0.25, tf.add(tf.square(s), 0.25)), [-1, 1, 1, 1]));
    expect(difference(start, skip) < 1e-6).toBe(['A', 'B', 'G'].includes(config));
  });
});

describe('forceWeightNorm', () => {
  it.each(letters)('of config %s', (config) => {
    const unet = createUNet({ ...tiny, config });
    const params: Params = { ...alive(initParams(unet, 1)), 'logvar_linear.weight': tf.fill([4, 1], 3) };
    const before = tf.memory().numTensors;
    const forced = forceWeightNorm(unet, params);
    expect(tf.memory().numTensors).toBe(before + Object.keys(params).length);
    expect(Object.keys(forced)).toEqual(Object.keys(params));
    const kinds = new Map(unet.parameters.map((p) => [p.name, p.kind]));
    for (const [name, value] of Object.entries(forced)) {
      if (config >= 'E' && kinds.get(name) === 'weight') {
        const axes = value.shape.map((_, axis) => axis).slice(0, -1);
        for (const rms of tf.sqrt(tf.mean(tf.square(value), axes)).dataSync()) expect(rms).toBeCloseTo(1, 3);
      } else expect(value.dataSync()).toEqual(params[name]?.dataSync());
    }
    // Normalised on use from D on: forcing changes what is stored, not what is computed.
    const c = tf.tensor1d([0.1, 0.2]);
    expect(difference(unet.apply(forced, x(), c), unet.apply(params, x(), c))).toBeLessThan(2e-3);
  });
});

describe('precondition', () => {
  it('is the identity at σ → 0 and takes its sigmaData', () => {
    const unet = createUNet(tiny);
    const params = alive(initParams(unet, 1));
    const small = tf.fill<tf.Rank.R1>([2], 1e-4);
    expect(difference(precondition(unet)(params)(x(), small), x())).toBeLessThan(1e-3);
    const wide = precondition(unet, { sigmaData: 1 })(params)(x(), sigma());
    expect(difference(wide, precondition(unet)(params)(x(), sigma()))).toBeGreaterThan(1e-2);
  });
  it('takes a number as the noise level of all images', () => {
    const unet = createUNet(tiny);
    const denoise = precondition(unet)(alive(initParams(unet, 1)));
    const before = tf.memory().numTensors;
    const [byNumber, byTensor] = [denoise(x(), 1.5, labels()), denoise(x(), tf.fill([2], 1.5), labels())];
    expect(byNumber.dataSync()).toEqual(byTensor.dataSync());
    tf.dispose([byNumber, byTensor]);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 5); // the inputs made here
  });
  it('says in plain words what labels should be', () => {
    const unet = createUNet(tiny);
    const denoise = precondition(unet)(initParams(unet, 1));
    for (const [given, actual] of [
      [tf.tensor1d([1, 2], 'int32'), '[2]'],
      [tf.zeros([2, 4]), '[2,4]'],
      [2, 'number 2'],
      [[1, 2], 'an array'],
    ] as const)
      expect(() => denoise(x(), 1, given as never)).toThrow(
        `unet.apply: expected labels of shape [2,3], got ${actual}. One row an image, a one for its class: class numbers become rows with tf.oneHot(classes, 3)`,
      );
  });
  it('refuses what it cannot use', () => {
    const unet = createUNet(tiny);
    expect(() => precondition(unet, { sigmaData: 0 })).toThrow(/sigmaData > 0, got 0/);
    expect(() => precondition(unet)({})(x(), tf.scalar(1))).toThrow(/sigma of shape \[2\].*, got shape \[\]/);
    for (const sigma of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => precondition(unet)({})(x(), sigma)).toThrow(/expected sigma > 0, got/);
    expect(() => precondition(unet)({})(x(), undefined as never)).toThrow(/for all images, got nothing/);
  });
});

describe('magnitudes at the start', () => {
  /** RMS of block outputs, averaged over the blocks of one side and resolution. */
  const buckets = (config: ConfigName): Map<string, number> => {
    const unet = createUNet({
      ...tiny,
      config,
      imgResolution: 16,
      modelChannels: 16,
      attnResolutions: [8],
      labelDim: 0,
    });
    const places = new Map(
      [...unet.plan.encoder, ...unet.plan.decoder].map((b) => [b.name, `${b.side} ${b.resolution}`]),
    );
    const all = new Map<string, number[]>();
    tf.tidy(() =>
      unet.apply(initParams(unet, 3), normal([4, 16, 16, 2], 9), tf.tensor1d([-0.4, -0.2, 0, 0.2]), undefined, {
        onActivation: (name, value) => {
          const place = places.get(name);
          const rms = Math.sqrt(tf.mean(tf.square(value)).dataSync()[0] ?? Number.NaN);
          if (place) all.set(place, [...(all.get(place) ?? []), rms]);
        },
      }),
    );
    return new Map([...all].map(([place, rms]) => [place, rms.reduce((a, b) => a + b, 0) / rms.length]));
  };

  it('G keeps every part of the network near 1, in D the plain sums add up', () => {
    const [g, d] = [buckets('G'), buckets('D')];
    expect([...g.keys()]).toEqual(['enc 16', 'enc 8', 'dec 8', 'dec 16']);
    for (const [place, rms] of g) {
      expect(rms, place).toBeGreaterThan(0.75);
      expect(rms, place).toBeLessThan(1.1);
      if (place.startsWith('dec')) expect(d.get(place) ?? 0, place).toBeGreaterThan(1.3 * rms);
    }
  });
});
