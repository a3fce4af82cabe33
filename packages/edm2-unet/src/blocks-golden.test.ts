import '@tensorflow/tfjs';
import { type BlockPlan, edm2Block, ladder, type Params, startNetwork } from '@edm2/edm2-unet';
import { downsample2d, upsample2d } from '@edm2/mp-layers';
import { describeWays } from '@edm2/test-engines';
import { maxAbsoluteError, readGolden, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectRounded, goldenParams, goldenTensor, weightArray } from './golden-net.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

interface Case {
  in_channels: number;
  out_channels: number;
  emb_channels: number;
  flavor: 'enc' | 'dec';
  resample_mode?: 'down' | 'up';
  attention?: boolean;
  channels_per_head?: number;
}

const golden = readGolden('blocks');
const cases: Record<string, Case> = JSON.parse(golden.metadata['cases'] ?? '{}');
const resample = { keep: (x: tf.Tensor4D) => x, down: downsample2d, up: upsample2d };

describe.each(Object.entries(cases))('block %s of config G', (name, c) => {
  const mode = c.resample_mode ?? 'keep';
  const y = golden.get(`${name}.y`);
  const plan: BlockPlan = {
    name: 'b',
    side: c.flavor,
    from: c.in_channels,
    to: c.out_channels,
    skip: 0,
    resolution: y.shape[2] ?? 0,
    mode,
    resample: (x) => resample[mode](x),
    heads: c.attention ? c.out_channels / (c.channels_per_head ?? 64) : 0,
  };
  const net = startNetwork(ladder.G, c.emb_channels);
  const block = edm2Block(net, plan);
  const params = goldenParams(golden, `${name}.param.`);
  const input = (part: string) => goldenTensor(golden.get(`${name}.${part}`));
  const run = (weights: Params, x: tf.Tensor, emb: tf.Tensor, taps: string[] | undefined): tf.Tensor4D =>
    block(
      {
        params: Object.fromEntries(Object.entries(weights).map(([key, value]) => [`b.${key}`, value])),
        tap: taps && ((place) => taps.push(place)),
        dropout: (_, z) => z,
      },
      x as tf.Tensor4D,
      emb as tf.Tensor2D,
    );

  it('declares the parameters of the file', () => {
    const declared = net.parameters.map((p) => `${p.name.slice(2)} ${p.shape}`);
    expect(declared.sort()).toEqual(
      Object.entries(params)
        .map(([key, value]) => `${key} ${value.shape}`)
        .sort(),
    );
  });

  describeWays('against the file', (compile, { precision }) => {
    it('has the reference output, watched or not', () => {
      const taps: string[] = [];
      for (const seen of [undefined, taps]) {
        const forward = compile((weights: Params, x: tf.Tensor, emb: tf.Tensor) => run(weights, x, emb, seen));
        const y = forward(params, input('x'), input('emb')).dataSync();
        const expected = input('y').dataSync();
        if (precision === 'float32') expect(maxAbsoluteError(y, expected)).toBeLessThan(1e-5);
        else expectRounded(y, expected);
      }
      expect(taps.at(-1)).toBe('b');
      expect(taps.length).toBe(net.layers.length + 1);
    });

    if (precision === 'float32')
      it('has the reference gradients', () => {
        const names = Object.keys(params);
        const gradients = compile((cotangent: tf.Tensor, ...inputs: tf.Tensor[]) =>
          tf.grads((x: tf.Tensor, emb: tf.Tensor, ...weights: tf.Tensor[]) => {
            const record = Object.fromEntries(names.map((key, i) => [key, weights[i] ?? tf.scalar(0)]));
            return tf.sum(tf.mul(run(record, x, emb, undefined), cotangent));
          })(inputs),
        );
        const grads = gradients(input('cotangent'), input('x'), input('emb'), ...Object.values(params));
        for (const [i, key] of ['x', 'emb', ...names].entries()) {
          const file = golden.get(`${name}.grad.${key}`);
          const expected = i < 2 ? goldenTensor(file).dataSync() : weightArray(key, file).data;
          expect(relativeError(grads[i]?.dataSync() ?? [], expected), key).toBeLessThan(1e-4);
        }
      });
  });
});
