export { FILTERS, type Filter, type FilterName } from '../transform/filters.js';
export type { Picture } from '../transform/picture.js';
export { resize } from '../transform/resize.js';
export { type Size, TRANSFORMS, type Transform, type TransformName } from '../transform/transforms.js';
export { type ConvertOptions, convertDataset } from './convert-dataset.js';
export { convertImage, type ImageJob, type ImageResult, type ImageSettings, type Refusal } from './convert-image.js';
export { type ConversionPlan, type PlanOptions, planConversion } from './plan.js';
export type { ConvertReport, PassedOverImage, PassedOverImages } from './report.js';
export type { ReadSettings } from './source-image.js';
