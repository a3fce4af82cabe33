// The same from a program: statistics that `fid stats` has kept, compared without running the network again.
import assert from 'node:assert/strict';
import { frechetDistance } from '@edm2/fid';
import { readStatistics } from '@edm2/fid/node';

const { n, fid } = await readStatistics('real.npz');
const moved = { mu: fid.mu.map((value) => value + 0.1), sigma: fid.sigma };
const distance = frechetDistance(fid, moved);
console.log(`real.npz: ${n} images, ${fid.mu.length} dims; every mean moved by 0.1 is ${distance.toFixed(4)} away`);
assert.equal(frechetDistance(fid, fid), 0);
assert.ok(Math.abs(distance - 0.01 * fid.mu.length) < 1e-6);
