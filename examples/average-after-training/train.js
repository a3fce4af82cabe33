// Stands for anybody's training loop: it tracks two averages and stores them now and then, under names of its own.
import { mkdirSync } from 'node:fs';
import { writeSafetensors } from '@edm2/tensor-files';
import { average, BATCH, STEPS } from './trajectory.js';

mkdirSync('run', { recursive: true });
const lengths = [0.05, 0.1];
const files = [];
average(lengths, (t, averages) => {
  if (t % ((STEPS * BATCH) / 16) !== 0) return;
  averages.forEach((ema, k) => {
    const tensors = {
      'layer.weight': { shape: [3, 4], data: Float32Array.from(ema) },
      'layer.steps': { shape: [], data: Int32Array.of(t / BATCH) },
    };
    files.push([
      `run/after-${t}-length-${lengths[k]}.safetensors`,
      tensors,
      { sigmaRel: `${lengths[k]}`, nimg: `${t}` },
    ]);
  });
});
for (const file of files) await writeSafetensors(...file);
console.log(`${files.length} snapshots in run/`);
