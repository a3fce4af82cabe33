export { frechetDistance, type Gaussian } from './frechet-distance.js';
export {
  createStatistics,
  type Features,
  type Statistics,
  type StatisticsResult,
  type TensorLike,
} from './statistics.js';
