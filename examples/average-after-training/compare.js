// What `phema reconstruct` made, beside the averages that a run would have tracked had it known which lengths are wanted.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readSafetensors } from '@edm2/tensor-files';
import { average } from './trajectory.js';

const names = readdirSync('averages').sort();
assert.deepEqual(names, ['phema-0000128-0.080.safetensors', 'phema-0000128-0.150.safetensors']);
let tracked = [];
average([0.08, 0.15], (_, averages) => {
  tracked = averages;
});
for (const [k, name] of names.entries()) {
  const file = await readSafetensors(`averages/${name}`);
  const { shape, data } = await file.read('layer.weight');
  await file.close();
  const error = Math.hypot(...data.map((value, i) => value - tracked[k][i])) / Math.hypot(...tracked[k]);
  console.log(`${name}: [${shape}], ${(100 * error).toFixed(3)} % from the average tracked directly`);
  assert.ok(error < 0.01, `expected less than 1 %, got ${error}`);
}
