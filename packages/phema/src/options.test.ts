import '@tensorflow/tfjs';
import { createHalfLifeEma, createPowerEma, planSnapshots, synthesisWeights } from '@edm2/phema';
import { leaveOneOut, openSnapshots, reconstructFiles } from '@edm2/phema/node';
import { createHalfLifeEma as tensorHalfLifeEma, createPowerEma as tensorPowerEma } from '@edm2/phema/tfjs';
import { expect, test } from 'vitest';

const profile = { gamma: 1, t: 1 };

/** Options that nobody knows, typed as if they were known. */
const slip = <T extends object>(options: T): T => ({ ...options, sigmaRell: 0.1 });

test.each<[string, () => unknown]>([
  ['createPowerEma', () => createPowerEma(slip({ sigmaRels: [0.1] }))],
  ['createPowerEma', () => tensorPowerEma(slip({ sigmaRels: [0.1] }))],
  ['createHalfLifeEma', () => createHalfLifeEma(slip({ halfLife: 1 }))],
  ['createHalfLifeEma', () => tensorHalfLifeEma(slip({ halfLife: 1 }))],
  ['planSnapshots', () => planSnapshots(slip({ duration: 1, snapshots: 1 }))],
  ['synthesisWeights', () => synthesisWeights([profile], profile, slip({ normalize: false }))],
  ['openSnapshots', () => openSnapshots('.', slip({ force: true }))],
  ['leaveOneOut', () => leaveOneOut(slip({ input: '.' }))],
  ['reconstructFiles', () => reconstructFiles(slip({ input: '.', output: 'out', sigmaRels: [0.1] }))],
])('%s refuses an option that it does not know', async (fn, call) => {
  const error = await Promise.resolve()
    .then(call)
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RangeError);
  expect(String(error)).toMatch(new RegExp(`${fn}: expected options among .*, got sigmaRell\\.`));
});
