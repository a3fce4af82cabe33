// Plain `model.fit`; a callback tracks two averages of the weights and stores them now and then.
import { mkdirSync } from 'node:fs';
import { createPowerEma } from '@edm2/phema';
import { snapshotName } from '@edm2/phema/node';
import { writeSafetensors } from '@edm2/tensor-files';
import { createModel, errorOf, noisyPoints } from './model.js';

const BATCH = 16;
const STEPS = 2000;
const SNAPSHOT_EVERY = 125; // steps

mkdirSync('run', { recursive: true });
mkdirSync('raw', { recursive: true });
const model = createModel();
const shapes = model.weights.map(({ shape }) => shape);
// By place, as names differ from one process to the next. Read from the backend: the averages then live in main memory.
const weights = () => Object.fromEntries(model.getWeights().map((tensor, i) => [`w${i}`, tensor.dataSync()]));
const tensorsOf = (values) =>
  Object.fromEntries(Object.entries(values).map(([name, data], i) => [name, { shape: shapes[i], data }]));

const ema = createPowerEma({ sigmaRels: [0.05, 0.1] });
let step = 0;
const { x, y } = noisyPoints(BATCH * STEPS, 1);
await model.fit(x, y, {
  batchSize: BATCH,
  epochs: 1,
  verbose: 0,
  callbacks: {
    onBatchEnd: async () => {
      step++;
      const t = step * BATCH; // images, samples, tokens: whatever the run counts
      ema.update(weights(), { t, dt: BATCH });
      if (step % SNAPSHOT_EVERY > 0) return;
      for (const sigmaRel of [0.05, 0.1])
        await writeSafetensors(`run/${snapshotName('model', { sigmaRel, nimg: t })}`, tensorsOf(ema.values(sigmaRel)), {
          sigmaRel: String(sigmaRel),
          nimg: String(t),
        });
    },
  },
});
await writeSafetensors('raw/model.safetensors', tensorsOf(weights()));
console.log(`trained ${step} steps; error of the raw weights ${errorOf(model).toFixed(4)}`);
