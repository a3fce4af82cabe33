export {
  type CollectedFeatures,
  collectFeatures,
  type FeatureCollector,
  type FeaturePart,
  type KeepOptions,
} from './collect-features.js';
export { computeFid } from './compute-fid.js';
export type { FeatureOptions, Features, TensorLike } from './features.js';
export { takeRows } from './features.js';
export { type FrechetDistanceOptions, frechetDistance } from './frechet-distance.js';
export type { Gaussian } from './gaussian.js';
export { type InceptionScoreOptions, inceptionScore } from './inception-score.js';
export { type KernelSubsetOptions, kernelDistance, type SubsetRows } from './kernel-distance.js';
export type { LinearAlgebra } from './linear-algebra/linear-algebra.js';
export { canResample, type MetricChoice, needsOf, parseMetrics } from './metrics/choose.js';
export {
  type Figures,
  type MeasureMetricsOptions,
  measureMetrics,
  metricWarnings,
} from './metrics/measure-metrics.js';
export type {
  FeatureKind,
  FigureKind,
  FigureValue,
  ImageCounts,
  ImageFeatures,
  Metric,
  MetricInput,
  MetricNeed,
  SpreadKind,
} from './metrics/metric.js';
export { type FigureKey, figureKinds, figuresOf, type MetricKey, metrics } from './metrics/metrics.js';
export { type Figure, figuresOverDraws } from './metrics/over-draws.js';
export { type NearestNeighbours, type NearestNeighboursOptions, nearestNeighbours } from './nearest-neighbours.js';
export type { ComputeFidOptions, FidProgress } from './node/compute-fid.js';
export { type PrecisionRecall, type PrecisionRecallOptions, precisionRecall } from './precision-recall.js';
export { sampleSizeWarning } from './sample-size.js';
export { type SlicedFrechetOptions, slicedFrechetDistance } from './sliced-frechet-distance.js';
export { type BootstrapOptions, bootstrap, type Spread, spreadOf } from './spread.js';
export { createStatistics, type Statistics, type StatisticsResult } from './statistics.js';
export { type VendiScoreOptions, vendiScore } from './vendi-score.js';
