// Stands for the published file: the same names and shapes, made-up values. Figures made with it are no FID.
import { createInception } from '@edm2/fid/inception';
import { createRandom } from '@edm2/random';
import { writeSafetensors } from '@edm2/tensor-files';
import { toFileShape } from '@edm2/tensor-files/tfjs';

const size = (shape) => shape.reduce((product, side) => product * side, 1);
const random = createRandom(0);

/** Variances and scales of 1, no shifts, and filters of N(0, 2/inputs), which keep signals at one size. */
function values(name, shape) {
  if (name.endsWith('running_var') || name.endsWith('bn.weight')) return new Float32Array(size(shape)).fill(1);
  if (!name.endsWith('weight')) return new Float32Array(size(shape));
  const std = Math.sqrt(2 / size(shape.slice(1)));
  return random
    .stream(name)
    .normal(size(shape))
    .map((value) => std * value);
}

const tensors = {};
for (const { name, shape } of createInception().parameters) {
  const stored = toFileShape(shape);
  tensors[name] = { shape: stored, data: values(name, stored) };
}
await writeSafetensors('made-up.safetensors', tensors);
console.log(`${Object.keys(tensors).length} tensors in made-up.safetensors`);
