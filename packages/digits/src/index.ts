import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Folder of the snapshots: averages of two EMA lengths, 0.05 and 0.1, from which others can be reconstructed. */
export const networks: string = at('networks');

/** Weights of the classifier of digits that the network was scored with (`--features` of `edm2 score`). */
export const classifier: string = at('judge/classifier.safetensors');

/** What that classifier sees in MNIST's test set (`--ref` of `edm2 score`). */
export const reference: string = at('judge/reference.safetensors');
