// How far the network is from the curve that it learned, `sin 3x`: raw weights against reconstructed averages. PyTorch is not needed.
import { readdirSync } from 'node:fs';
import { readSafetensors } from '@edm2/tensor-files';

async function errorOf(path) {
  const file = await readSafetensors(path);
  const values = async (name) => (await file.readFloat32(name)).data;
  const [w0, b0, w1, b1] = [
    await values('0.weight'),
    await values('0.bias'),
    await values('2.weight'),
    await values('2.bias'),
  ];
  await file.close();
  let sum = 0;
  for (let i = 0; i <= 200; i++) {
    const x = i / 100 - 1;
    let y = b1[0];
    for (let k = 0; k < w0.length; k++) y += w1[k] * Math.tanh(w0[k] * x + b0[k]);
    sum += (y - Math.sin(3 * x)) ** 2;
  }
  return sum / 201;
}

const raw = await errorOf('raw.safetensors');
console.log(`raw weights      error ${raw.toFixed(4)}`);
const errors = [];
for (const name of readdirSync('averages').sort()) {
  errors.push(await errorOf(`averages/${name}`));
  console.log(`${name}  error ${errors.at(-1).toFixed(4)}`);
}
if (errors.length !== 3 || !(Math.min(...errors) < raw))
  throw new Error('expected an average better than the raw weights');
