import '@tensorflow/tfjs-backend-cpu';
import { datasetTargets } from './targets/datasets.js';
import { networkTargets, ownFiles } from './targets/networks.js';
import type { Target } from './targets/target.js';
import { tensorTargets } from './targets/tensor-files.js';

/** Every way in. */
export async function makeTargets(): Promise<Target[]> {
  const own = await ownFiles();
  return [...tensorTargets([own.network, own.state]), ...networkTargets(own), ...(await datasetTargets())];
}
