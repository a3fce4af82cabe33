// What the page computes, without a browser: the same model and sampler on the same runtime in Node, against @edm2/sampler.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { precondition } from '@edm2/edm2-unet';
import { heun, karrasSchedule } from '@edm2/sampler';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-web';
import { loadDenoiser, ROW, SIDE } from './denoiser.js';
import { exportNetwork } from './export.js';
import { networkFrom } from './network.js';
import { sample, unitNoise } from './sample.js';

const steps = 4;
const network = await networkFrom(join(mkdtempSync(join(tmpdir(), 'digits-')), 'network.safetensors'), 20);
const noise = unitNoise(ROW * SIDE * SIDE, 1);
const drawn = await sample(await loadDenoiser(ort, exportNetwork(network)), noise, { steps });
const expected = await heun(precondition(network.unet)(network.params), tf.tensor(noise, [ROW, SIDE, SIDE, 1]), {
  sigmas: karrasSchedule({ steps }),
  labels: tf.oneHot(tf.range(0, ROW, 1, 'int32'), ROW),
});
const exact = expected.dataSync();
const error = Math.hypot(...drawn.map((value, i) => value - exact[i])) / Math.hypot(...exact);
console.log(`ten digits: ${error.toExponential(1)} from what @edm2/sampler draws`);
assert.ok(error < 1e-5);
process.exit(0); // engines keep threads
