import { precondition } from '@edm2/edm2-unet';
import { createInception } from '@edm2/fid/inception';
import { fromStateDict } from '@edm2/tensor-files/tfjs';
import { maxAbsoluteError, nchwToNhwc, readGolden, relativeError } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import type { XlaEngine } from '@edm2/tfjs-xla';
import * as tf from '@tensorflow/tfjs-core';
import { formulaImage, formulaWeights, readGoldenJson } from '../../../packages/fid/src/formula.fixture.js';
import { image, loadTiny, values } from '../../../packages/latent-vae/src/golden-vae.fixture.js';
import { goldenRun } from '../../../packages/training/src/golden-run.fixture.js';

/** A number held against a reference. */
export interface Check {
  readonly what: string;
  readonly error: number;
  readonly bound: number;
}

type Precision = 'float32' | 'bfloat16';

const check = (what: string, error: number, bound: number): Check => ({ what, error, bound });

/** D(x; σ) of config G and of one of the ladder. Bounds are those of the tests. */
function forward(engine: XlaEngine, file: string, precision: Precision): Check {
  const golden = readGolden(file);
  const { unet, start } = goldenRun(file);
  const tensor = (name: string): tf.Tensor => {
    const stored = golden.get(name);
    const { shape, data } = stored.shape.length === 4 && name !== 'fwd.sigma' ? nchwToNhwc(stored) : stored;
    return tf.tensor(Float32Array.from(data), name === 'fwd.sigma' ? [data.length] : shape);
  };
  const run = jit(
    (x: tf.Tensor4D, sigma: tf.Tensor1D, labels: tf.Tensor2D) => precondition(unet)(start().params)(x, sigma, labels),
    { engine, precision },
  );
  const actual = run(
    tensor('fwd.x') as tf.Tensor4D,
    tensor('fwd.sigma') as tf.Tensor1D,
    tensor('fwd.labels') as tf.Tensor2D,
  );
  const expected = nchwToNhwc(golden.get('fwd.denoised')).data;
  const what = `D(x; σ) of ${file}, ${precision}`;
  return precision === 'float32'
    ? check(`${what}: largest difference`, maxAbsoluteError(actual.dataSync(), expected), 2e-5)
    : check(`${what}: relative error`, relativeError(actual.dataSync(), expected), 5e-2);
}

/** The stored training run: losses of every step, and what the steps changed. */
function trace(engine: XlaEngine, file: string, precision: Precision, steps = file): Check[] {
  const run = goldenRun(file, steps);
  const step = jit(run.training.step, { engine, precision, donate: [0] });
  const losses: number[] = [];
  let state = run.start();
  for (let i = 0; i < run.steps; i++) {
    const next = step(state, run.batch(i));
    losses.push(next.metrics.loss.dataSync()[0] ?? Number.NaN);
    state = next.state;
  }
  const exact = precision === 'float32';
  const of = `${run.steps} training steps of ${file}, ${precision}`;
  const checks = [check(`${of}: losses`, relativeError(losses, run.losses), exact ? 1e-5 : 5e-3)];
  // The files of the ladder hold parts of the weights only, which its tests read.
  if (!exact || file.startsWith('ladder')) return checks;
  const now = { ...state.params, ...state.uncertainty };
  const [init, after] = [run.expected('init'), run.expected('after4')];
  const worst = Math.max(
    ...Object.entries(after).map(([name, { data }]) => {
      const before = init[name]?.data ?? [];
      const change = (x: ArrayLike<number>): Float64Array =>
        Float64Array.from(x, (value, i) => value - (before[i] ?? Number.NaN));
      return relativeError(change(now[name]?.dataSync() ?? []), change(data));
    }),
  );
  return [...checks, check(`${of}: what they changed, worst tensor`, worst, 2e-3)];
}

async function autoencoder(engine: XlaEngine): Promise<Check[]> {
  const { vae, params } = await loadTiny();
  const run = jit((x: tf.Tensor4D, z: tf.Tensor4D) => ({ ...vae.encode(params, x), decoded: vae.decode(params, z) }), {
    engine,
  });
  const made = run(image('x'), image('z'));
  return Object.entries(made).map(([name, value]) =>
    check(`autoencoder: ${name}`, relativeError(value.dataSync(), values(name).data), 1e-5),
  );
}

function inception(engine: XlaEngine): Check {
  const golden = readGolden('inception');
  const network = createInception();
  const weights = fromStateDict(network.parameters, formulaWeights(readGoldenJson('inception-keys.json')));
  const run = jit((params: typeof weights, pixels: tf.Tensor4D) => network.apply(params, pixels).pool, { engine });
  const pixels = tf.tensor4d([...formulaImage(64, 48, 0), ...formulaImage(64, 48, 1)], [2, 64, 48, 3]);
  const pool = run(weights, pixels).dataSync();
  return check('Inception: features', relativeError(pool, golden.get('small.tf1.pool').data), 1e-5);
}

/** Everything that is held against stored numbers, as it is done. */
export async function* goldens(engine: XlaEngine): AsyncGenerator<Check> {
  yield forward(engine, 'unet-latent', 'float32');
  yield* trace(engine, 'unet-latent', 'float32');
  yield forward(engine, 'unet-latent', 'bfloat16');
  yield* trace(engine, 'unet-latent', 'bfloat16');
  yield forward(engine, 'ladder-c', 'float32');
  yield* trace(engine, 'ladder-c', 'float32', 'ladder-c-steps');
  yield* await autoencoder(engine);
  yield inception(engine);
}
