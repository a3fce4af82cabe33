export { type ComputeFidOptions, computeFid, type FidProgress } from './compute-fid.js';
export type { EngineChoice, RunningEngine, StartedEngine } from './engine.js';
export { type FeatureNetworkOfImages, isFeatureNetwork, openFeatureNetwork } from './feature-network.js';
export type { GeneratedImages, ImageGenerator } from './generator.js';
export type { PixelBatch } from './images/pixel-batch.js';
export { type FindLapackOptions, findLapack, type Lapack } from './lapack.js';
export { isStatisticsFile } from './measure/measured-set.js';
export { readStatistics, type StatisticsFileInput, writeStatistics } from './statistics-file.js';
export type { MetricName, StatisticsFile, StoredGaussian } from './to-gaussian.js';
