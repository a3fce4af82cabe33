export { type ComputeFidOptions, computeFid, type FidProgress } from './compute-fid.js';
export type { EngineChoice, StartedEngine } from './engine.js';
export type { GeneratedImages, ImageGenerator } from './generator.js';
export { holdsStatistics } from './images/stack.js';
export { type FindLapackOptions, findLapack, type Lapack } from './lapack.js';
export { readStatistics, type StatisticsFileInput, writeStatistics } from './statistics-file.js';
export type { MetricName, StatisticsFile, StoredGaussian } from './to-gaussian.js';
