import { createAutoencoderKL, decodeSeamless } from '@edm2/latent-vae';
import { createRandom } from '@edm2/random';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { STABLE_DIFFUSION, type VaeWork } from '../vae.js';
import type { Run } from './runs.js';

const vae = createAutoencoderKL(STABLE_DIFFUSION);

/** Made-up weights, N(0, 1)/√fan_in: timings do not depend on them. */
function makeWeights(half: 'encoder' | 'decoder'): Record<string, tf.Tensor> {
  const random = createRandom(0);
  const own = half === 'encoder' ? /^(encoder|quant_conv)\./ : /^(decoder|post_quant_conv)\./;
  return Object.fromEntries(
    vae.parameters
      .filter(({ name }) => own.test(name))
      .map(({ name, shape, kind }) => {
        if (kind !== 'weight') return [name, tf.fill([...shape], name.endsWith('.weight') ? 1 : 0)];
        const fanIn = shape.slice(0, -1).reduce((product, side) => product * side, 1);
        const values = random.stream(name).normal(fanIn * (shape.at(-1) ?? 0));
        return [
          name,
          tf.tensor(
            values.map((value) => value / Math.sqrt(fanIn)),
            [...shape],
          ),
        ];
      }),
  );
}

/** Milliseconds of decoding in strips, compiling included: each call compiles anew, a step at a time. */
export async function timeStrips({ side }: VaeWork): Promise<number> {
  const params = makeWeights('decoder');
  const size = side / vae.factor;
  const latents = tf.tensor4d(
    createRandom(1)
      .stream('x')
      .normal(size * size * 4),
    [1, size, size, 4],
  );
  const start = performance.now();
  const decoded = await decodeSeamless(latents, { vae, params, compile: (fn) => jit(fn) });
  tf.dispose([decoded, latents, params]);
  return performance.now() - start;
}

/** The posterior of images, or the images of latents, with constant weights. */
export function vaeRun({ kind, side, batch }: VaeWork): Run {
  const encode = kind === 'encode';
  const params = makeWeights(encode ? 'encoder' : 'decoder');
  const compiled = jit((x: tf.Tensor4D): tf.Tensor[] =>
    encode ? Object.values(vae.encode(params, x)) : [vae.decode(params, x)],
  );
  const size = encode ? side : side / vae.factor;
  const shape: [number, number, number, number] = [batch, size, size, encode ? 3 : 4];
  const x = tf.tensor4d(
    createRandom(1)
      .stream('x')
      .normal(shape.reduce((product, length) => product * length, 1)),
    shape,
  );
  return {
    run() {
      const results = compiled(x);
      for (const result of results) result.dataSync();
      tf.dispose(results);
    },
    sessions: () => compiled.cacheSize,
  };
}
