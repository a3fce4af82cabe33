export { type Distribution, draw } from './distribution.js';
export type { PathElement } from './hash-path.js';
export { createRandom, type Random } from './random.js';
export type { RandomStream } from './stream.js';
