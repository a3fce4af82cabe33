export { type Batch, createLoader, type LoaderOptions } from './create-loader.js';
export { createWriter, type DatasetWriter, type WriterOptions, type WriterSummary } from './create-writer.js';
export { DatasetError, type DatasetErrorCode, type DatasetErrorInit } from './errors.js';
export { type OpenDatasetOptions, openDataset } from './open-dataset.js';
export { pixelsToUnit, unitToPixels } from './pixels.js';
export type { Dataset, Pixels } from './types.js';
export { type DatasetSummary, type VerifyOptions, verifyDataset } from './verify-dataset.js';
