export { remedyOfReason } from '../decode/foreign-kind.js';
export { FILTERS, type Filter, type FilterName } from '../transform/filters.js';
export type { Picture } from '../transform/picture.js';
export { resize } from '../transform/resize.js';
export { type Size, TRANSFORMS, type Transform, type TransformName } from '../transform/transforms.js';
export { convertDataset } from './convert-dataset.js';
export { convertImage, type ImageJob, type ImageResult, type ImageSettings, type Refusal } from './convert-image.js';
export type { ConvertOptions } from './convert-options.js';
export {
  type ConversionPlan,
  type NeededConversion,
  type OpenReadyOptions,
  openReady,
  type PlanOptions,
  planConversion,
} from './plan.js';
export type { ConvertReport, PassedOverImage, PassedOverImages } from './report.js';
export type { ReadSettings } from './source-image.js';
export { chooseHeldOut, type SubsetOptions, writeSubset } from './subset.js';
