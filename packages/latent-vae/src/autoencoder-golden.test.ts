import '@tensorflow/tfjs';
import { describeWays } from '@edm2/test-engines';
import { relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { golden, image, loadTiny, values } from './golden-vae.fixture.js';
import type { OnActivation } from './index.js';

/** Names of the golden taps in ours, which are diffusers'. */
const TAPS: Readonly<Record<string, string>> = {
  'enc.conv_in': 'encoder.conv_in',
  'enc.down0.resnet0': 'encoder.down_blocks.0.resnets.0',
  'enc.down0': 'encoder.down_blocks.0',
  'enc.down1': 'encoder.down_blocks.1',
  'enc.down2': 'encoder.down_blocks.2',
  'enc.down3': 'encoder.down_blocks.3',
  'enc.mid.resnet0': 'encoder.mid_block.resnets.0',
  'enc.mid.attn': 'encoder.mid_block.attentions.0',
  'enc.mid': 'encoder.mid_block',
  'enc.out': 'encoder.conv_out',
  'enc.moments': 'quant_conv',
  'dec.post_quant': 'post_quant_conv',
  'dec.conv_in': 'decoder.conv_in',
  'dec.mid': 'decoder.mid_block',
  'dec.up0': 'decoder.up_blocks.0',
  'dec.up1': 'decoder.up_blocks.1',
  'dec.up2': 'decoder.up_blocks.2',
  'dec.up3': 'decoder.up_blocks.3',
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Float32 differs from float64 by 3e-7 to 7e-7 (README of the file): another order of summation gets ten times that. */
const TOLERANCE = 1e-5;
/** Relative (L2), of what bfloat16 rounds. */
const BFLOAT16_TOLERANCE = 5e-2;

it('lists every golden tap', () => {
  const stored = golden.names.filter((name) => /^(enc|dec)\./.test(name));
  expect(stored.toSorted()).toEqual(Object.keys(TAPS).toSorted());
});

describeWays('the golden autoencoder', (compile, { precision, compiled }) => {
  const near = (actual: tf.Tensor | undefined, name: string): void => {
    const expected = values(name);
    expect(actual?.shape, name).toEqual(expected.shape);
    const error = relativeError(actual?.dataSync() ?? [], expected.data);
    if (precision === 'float32') expect(error, name).toBeLessThan(TOLERANCE);
    else expect(error, name).toBeLessThan(BFLOAT16_TOLERANCE);
  };

  it('encodes and decodes like diffusers, tap by tap', async () => {
    const { vae, params } = await loadTiny();
    const run = compile((weights: typeof params, x: tf.Tensor4D, z: tf.Tensor4D) => {
      const taps: Record<string, tf.Tensor> = {};
      const onActivation: OnActivation = (name, value) => {
        const copy = tf.clone(value);
        taps[name] = compiled ? copy : tf.keep(copy);
      };
      return { ...vae.encode(weights, x, { onActivation }), decoded: vae.decode(weights, z, { onActivation }), taps };
    });
    const { taps, ...results } = run(params, image('x'), image('z'));
    for (const [name, value] of Object.entries(results)) near(value, name);
    for (const [name, ours] of Object.entries(TAPS)) near(taps[ours], name);
    if (precision === 'bfloat16')
      expect(relativeError(results.decoded.dataSync(), values('decoded').data)).toBeGreaterThan(1e-4);
  });

  it('decodes latents that are not square', async () => {
    const { vae, params } = await loadTiny();
    near(compile(vae.decode)(params, image('z2')), 'decoded2');
  });
});
