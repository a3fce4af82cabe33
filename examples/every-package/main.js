// CommonJS: every package and subpath by require, wired into a few steps of training, an average, and a sample.
const assert = require('node:assert/strict');
const { mkdirSync, mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
require('@tensorflow/tfjs');
const { createAugment } = require('@edm2/augment');
const { createLoader, openDataset, pixelsToUnit } = require('@edm2/dataset');
const { countParameters, createUNet, precondition } = require('@edm2/edm2-unet');
const { loadNetwork, saveNetwork } = require('@edm2/edm2-unet/node');
const { startEngine } = require('@edm2/engine');
const { ENGINE_NAMES } = require('@edm2/engine/names');
const { createStatistics, frechetDistance } = require('@edm2/fid');
const { createUncertainty, sampleSigmas } = require('@edm2/loss-weighting');
const { pixelNorm } = require('@edm2/mp-layers');
const { MPDense } = require('@edm2/mp-layers/layers');
const { synthesisWeights, sigmaRelToGamma } = require('@edm2/phema');
const { openSnapshots, reconstructFiles } = require('@edm2/phema/node');
const { emaStep } = require('@edm2/phema/tfjs');
const { createRandom } = require('@edm2/random');
const { karrasSchedule, sampleSeeds } = require('@edm2/sampler');
const { writeNpy, readNpy } = require('@edm2/tensor-files');
const { toStateDict } = require('@edm2/tensor-files/tfjs');
const { jit, toOnnx: oldPlace } = require('@edm2/tfjs-jit');
const { KERNEL_NAMES } = require('@edm2/tfjs-jit/graph');
const { toOnnx } = require('@edm2/tfjs-onnx');
const { startOnnxRuntime } = require('@edm2/tfjs-onnxruntime');
const { adam, createTrainStep, learningRate } = require('@edm2/training');
const { loadState, saveState } = require('@edm2/training/node');
const tf = require('@tensorflow/tfjs-core');

const BATCH = 8;
const STEPS = 4;

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'every-package-'));
  for (const name of ['images', 'run']) mkdirSync(join(folder, name));
  const random = createRandom(1);

  // Eight images, each a file [channels, height, width].
  for (let i = 0; i < 8; i++) {
    const pixels = Uint8Array.from(random.stream('image', i).integers(64, 256));
    await writeNpy(join(folder, 'images', `${i}.npy`), { shape: [1, 8, 8], data: pixels });
  }
  assert.equal((await readNpy(join(folder, 'images', '3.npy'))).data.length, 64);
  const dataset = await openDataset(join(folder, 'images'));
  const still = { values: Float32Array.from([0, 1, 2, 3]), size: 2, channels: 1 };
  assert.deepEqual(createAugment({ probability: 0 }).apply(still, random, 0).values, still.values);

  const report = await startEngine('onnxruntime', { threads: 1 });
  assert.equal((await startOnnxRuntime({ threads: 1 })).name, 'onnxruntime');
  const unet = createUNet({
    imgResolution: 8,
    imgChannels: 1,
    modelChannels: 8,
    channelMult: [1, 2],
    numBlocks: 1,
    attnResolutions: [],
  });
  const uncertainty = createUncertainty();
  const training = createTrainStep({ unet, uncertainty, optimizer: adam() });
  const step = jit(training.step, { engine: report.engine, donate: [0] });
  let state = training.init(0);
  let nimg = 0;
  for await (const { images, shape } of createLoader(dataset, { batch: BATCH, seed: 1, startImage: 0 })) {
    const draws = random.stream('step', nimg);
    nimg += BATCH;
    const { state: next, metrics } = step(state, {
      images: tf.tensor(images instanceof Uint8Array ? pixelsToUnit(images) : images, shape),
      noise: tf.tensor(draws.normal(BATCH * 64), shape),
      sigma: sampleSigmas(tf.tensor1d(draws.normal(BATCH))),
      learningRate: tf.scalar(learningRate(nimg, { ref: 0.01, decayBatches: 100, batch: BATCH })),
      t: tf.scalar(nimg),
      dt: tf.scalar(BATCH),
    });
    state = next;
    assert.ok(Number.isFinite(metrics.loss.dataSync()[0]));
    for (const sigmaRel of Object.keys(state.ema))
      await saveNetwork(join(folder, 'run', `net-${nimg}-${sigmaRel}.safetensors`), {
        unet,
        params: { ...state.params, ...state.ema[sigmaRel] },
        metadata: { sigmaRel, nimg: `${nimg}` },
      });
    if (nimg === STEPS * BATCH) break;
  }
  await dataset.close();
  await saveState(join(folder, 'state.safetensors'), state, { nimg: `${nimg}` });
  assert.equal((await loadState(join(folder, 'state.safetensors'))).metadata.nimg, `${nimg}`);
  console.log(`${countParameters(unet)} parameters trained for ${STEPS} steps on ${report.why}`);

  assert.equal((await openSnapshots(join(folder, 'run'))).snapshots.length, 2 * STEPS);
  const { outputs } = await reconstructFiles({
    input: join(folder, 'run'),
    output: join(folder, 'ema.safetensors'),
    sigmaRels: [0.08],
  });
  const network = await loadNetwork(outputs[0].path);
  const denoise = precondition(network.unet)(network.params);
  const statistics = [createStatistics(4), createStatistics(4)];
  for await (const { images } of sampleSeeds({
    denoiser: denoise,
    seeds: [0, 1, 2, 3],
    shape: [8, 8, 1],
    sigmas: karrasSchedule({ steps: 4 }),
  }))
    for (const s of statistics) s.add(tf.reshape(images, [64, 4]));
  assert.equal(frechetDistance(statistics[0].result(), statistics[1].result()), 0);
  console.log('averaged, sampled, compared with itself');

  // The rest, lightly.
  assert.deepEqual(pixelNorm(tf.ones([1, 2])).shape, [1, 2]);
  assert.equal(new MPDense({ units: 3 }).getClassName(), 'MPDense');
  const track = { gamma: sigmaRelToGamma(0.1), t: 64 };
  assert.ok(Math.abs(synthesisWeights([track], track).weights[0] - 1) < 1e-12);
  assert.deepEqual(Object.keys(emaStep({ 0.1: { w: tf.zeros([1]) } }, { w: tf.ones([1]) }, 2, 1)), ['0.1']);
  assert.deepEqual(Object.keys(toStateDict([{ name: 'a', shape: [1], kind: 'gain' }], { a: tf.ones([1]) })), ['a']);
  const [model, same] = [toOnnx, oldPlace].map((write) => write((x) => tf.square(x), [tf.ones([2])]));
  assert.deepEqual(model, same);
  assert.ok(KERNEL_NAMES.includes('Square') && ENGINE_NAMES.includes('onnxruntime'));
  console.log('every subpath requires');
  process.exit(0); // engines keep threads
}

main();
