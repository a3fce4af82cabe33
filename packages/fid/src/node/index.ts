export type { GeneratedImages, ImageGenerator } from './generator.js';
export { holdsStatistics } from './images/stack.js';
export { type FindLapackOptions, findLapack, type Lapack } from './lapack.js';
export { readStatistics, type StatisticsFileInput, writeStatistics } from './statistics-file.js';
export type { MetricName, StatisticsFile, StoredGaussian } from './to-gaussian.js';
