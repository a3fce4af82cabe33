export { type FindLapackOptions, findLapack, type Lapack } from './lapack.js';
export {
  type MetricName,
  readStatistics,
  type StatisticsFile,
  type StatisticsFileInput,
  type StoredGaussian,
  writeStatistics,
} from './statistics-file.js';
