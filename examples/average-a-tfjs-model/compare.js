// Error of the raw weights against those of the averages that `phema reconstruct` made.
import { readdirSync } from 'node:fs';
import { readSafetensors } from '@edm2/tensor-files';
import * as tf from '@tensorflow/tfjs';
import { createModel, errorOf } from './model.js';

const model = createModel();

async function errorOfFile(path) {
  const file = await readSafetensors(path);
  const tensors = [];
  for (let i = 0; i < model.weights.length; i++) {
    const { shape, data } = await file.readFloat32(`w${i}`);
    tensors.push(tf.tensor(data, shape));
  }
  await file.close();
  model.setWeights(tensors);
  return errorOf(model);
}

const raw = await errorOfFile('raw/model.safetensors');
console.log(`raw weights      error ${raw.toFixed(4)}`);
const errors = [];
for (const name of readdirSync('averages').sort()) {
  const error = await errorOfFile(`averages/${name}`);
  errors.push(error);
  console.log(`${name}  error ${error.toFixed(4)}`);
}
if (errors.length !== 4 || !(Math.min(...errors) < raw))
  throw new Error('expected an average better than the raw weights');
