import '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import {
  type ConfigName,
  countFlops,
  countParameters,
  createUNet,
  ladder,
  type Params,
  precondition,
  type UNet,
  type UNetOptions,
} from '@edm2/edm2-unet';
import { fromStateDict } from '@edm2/tensor-files/tfjs';
import { goldenPath, maxAbsoluteError, nchwToNhwc } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

interface Golden {
  readonly unet: UNetOptions;
  readonly sigma: number[];
  readonly cases: readonly {
    readonly options: Partial<UNetOptions>;
    readonly parameters: number;
    readonly shape: number[];
    readonly denoised: number[];
  }[];
}
const golden = JSON.parse(readFileSync(goldenPath('unet-options.json'), 'utf8')) as Golden;

/** Numbers that the name alone decides, as the golden file says. */
const named = (name: string, size: number): Float32Array => {
  const start = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return Float32Array.from({ length: size }, (_, i) => Math.sin(start + 1.7 * i));
};

const paramsOf = (unet: UNet): Params =>
  fromStateDict(
    unet.parameters,
    Object.fromEntries(
      unet.parameters.map(({ name, shape }) => {
        const stored = shape.length < 2 ? [...shape] : [shape.at(-1) ?? 0, shape.at(-2) ?? 0, ...shape.slice(0, -2)];
        return [name, { shape: stored, data: named(name, tf.util.sizeFromShape([...shape])) }];
      }),
    ),
  );

const image = ({ shape, data }: { shape: number[]; data: Float32Array }): tf.Tensor4D => {
  const nhwc = nchwToNhwc({ shape, data });
  return tf.tensor4d(Float32Array.from(nhwc.data), nhwc.shape as [number, number, number, number]);
};

const denoised = (options: Partial<UNetOptions>, shape: number[]): Float32Array =>
  tf.tidy(() => {
    const unet = createUNet({ ...golden.unet, ...options });
    const x = tf.mul<tf.Tensor4D>(image({ shape, data: named('x', tf.util.sizeFromShape(shape)) }), 2);
    const labels = tf.tensor2d([1, 0, 0, 0, 0, 1], [2, 3]);
    return precondition(unet)(paramsOf(unet))(x, tf.tensor1d(golden.sigma), labels).dataSync() as Float32Array;
  });

describe.each(golden.cases)('$options', ({ options, parameters, shape, denoised: expected }) => {
  const unet = createUNet({ ...golden.unet, ...options });

  it('computes what an independent implementation does, and needs every one of its options for it', () => {
    const reference = image({ shape, data: Float32Array.from(expected) }).dataSync();
    expect(maxAbsoluteError(denoised(options, shape), reference)).toBeLessThan(2e-6);
    for (const name of Object.keys(options) as (keyof UNetOptions)[]) {
      const { [name]: _, ...others } = options;
      // Nothing here reaches 256: no limit is the same.
      if (name !== 'config' && options[name] !== null)
        expect(maxAbsoluteError(denoised(others, shape), reference), name).toBeGreaterThan(1e-3);
    }
  });

  it('has the parameters of that', () => {
    expect(countParameters(unet)).toBe(parameters);
  });
});

it('an option that the published constructor leaves at its default changes nothing, in any config', () => {
  const defaults = { labelBalance: 0.5, concatBalance: 0.5, resBalance: 0.3, attnBalance: 0.3, clipAct: 256 };
  for (const config of Object.keys(ladder) as ConfigName[]) {
    const plain = createUNet({ ...golden.unet, config });
    const spelled = createUNet({
      ...golden.unet,
      config,
      ...defaults,
      channelMultNoise: null,
      channelMultEmb: null,
    });
    expect(spelled.parameters).toEqual(plain.parameters);
    expect(spelled.vocabulary).toEqual(plain.vocabulary);
    expect(spelled.config).not.toHaveProperty('channelMultNoise');
  }
});

describe.each(Object.keys(ladder) as ConfigName[])('widths in config %s', (config) => {
  const [width, cnoise, cemb] = [8, 16, 24]; // modelChannels, and two and three times it
  const plain = createUNet({ ...golden.unet, config });
  const wide = createUNet({ ...golden.unet, config, channelMultNoise: cnoise / width, channelMultEmb: cemb / width });

  it('are those of the noise features and of the embedding, and of nothing else', () => {
    const { plan, vocabulary } = wide;
    expect(plan).toMatchObject({ noiseChannels: cnoise, embChannels: cemb });
    const shapes = new Map(wide.parameters.map(({ name, shape }) => [name, shape.join()]));
    const blocks = [...plan.encoder, ...plan.decoder];
    const expected: Record<string, string> = {
      'unet.emb_noise.weight': `${cnoise},${cemb}`,
      'unet.emb_label.weight': `3,${cemb}`,
      ...(vocabulary.noiseLayers === 2 && { 'unet.emb_noise1.weight': `${cemb},${cemb}` }),
      ...(vocabulary.noiseFeatures.buffers && { 'unet.emb_fourier.freqs': `${cnoise}` }),
    };
    for (const { name, to } of blocks)
      expected[`${name}.emb_linear.weight`] = `${cemb},${vocabulary.offset ? 2 * to : to}`;
    for (const [name, shape] of Object.entries(expected)) expect(shapes.get(name), name).toBe(shape);
    for (const { name, shape } of plain.parameters)
      if (!/\.emb_(noise|label|fourier|linear)/.test(name)) expect(shapes.get(name), name).toBe(shape.join());
  });

  it('are counted in parameters and arithmetic', () => {
    const { vocabulary: v, plan } = plain;
    const out = [...plan.encoder, ...plan.decoder].reduce((sum, { to }) => sum + to * (v.offset ? 2 : 1), 0);
    // noise, label, blocks; the second noise layer; biases of noise layers.
    const dense = (cn: number, ce: number) => cn * ce + 3 * ce + out * ce + (v.noiseLayers === 2 ? ce * ce : 0);
    const biases = (ce: number) => (v.bias ? v.noiseLayers * ce : 0);
    const more = dense(cnoise, cemb) - dense(width, 2 * width);
    expect(countParameters(wide) - countParameters(plain)).toBe(more + biases(cemb) - biases(2 * width));
    const [a, b] = [countFlops(wide), countFlops(plain)];
    expect(a.multiplyAdds.linear - b.multiplyAdds.linear).toBe(more);
    expect(a.multiplyAdds.conv).toBe(b.multiplyAdds.conv);
    expect(a.elementwise).toBeGreaterThan(b.elementwise);
  });
});

it('no limit costs no operation and lets large activations through', () => {
  const free = createUNet({ ...golden.unet, clipAct: null });
  const limited = createUNet({ ...golden.unet });
  const outputs = [...limited.plan.encoder, ...limited.plan.decoder].reduce(
    (sum, { to, resolution }) => sum + to * resolution ** 2,
    0,
  );
  expect(countFlops(limited).elementwise - countFlops(free).elementwise).toBe(outputs);
  const largest = (unet: UNet): number => {
    let top = 0;
    const hot = { ...ladder.G, sum: (a: tf.Tensor, b: tf.Tensor) => tf.mul(tf.add(a, b), 1e3), clipAct: 256 };
    const net = createUNet(unet.config, { vocabulary: hot });
    net.apply(paramsOf(net), tf.ones([1, 8, 8, 2]), tf.zeros([1]), undefined, {
      onActivation: (name, value) => {
        if (/enc.*_block\d+$/.test(name)) top = Math.max(top, Number(tf.max(tf.abs(value)).dataSync()[0]));
      },
    });
    return top;
  };
  expect(largest(limited)).toBe(256);
  expect(largest(createUNet({ ...golden.unet, clipAct: 0.5 }))).toBe(0.5);
  expect(largest(free)).toBeGreaterThan(1e3);
});
