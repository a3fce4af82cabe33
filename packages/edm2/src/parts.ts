export { describeLatents, holdsLatents } from './latents/describe-latents.js';
export {
  expectAutoencoder,
  type FoundAutoencoder,
  findAutoencoder,
  type WantedAutoencoder,
} from './latents/find-autoencoder.js';
export { type LatentDecoder, type LatentDecoderOptions, openLatentDecoder } from './latents/latent-decoder.js';
export { openPreviewDecoder, type PreviewDecoderOptions } from './latents/preview-decoder.js';
export { type FindNetworkOptions, type FoundNetwork, findNetwork } from './network/find-network.js';
export { findInstalled, type InstalledNetwork } from './network/installed.js';
export { type EngineWish, startForSampling } from './network/start-for-sampling.js';
export { drawGrid, type GridOptions, writeGrid } from './pictures/write-grid.js';
export { imagePath, writeImage } from './pictures/write-image.js';
export { type DecodeOptions, type Decoder, makesLatents, pixelDecoder } from './sample/decode.js';
export { gridClass, joinBatches, oneHot, type PixelBatch, sliceBatch } from './sample/images.js';
export {
  type Guidance,
  type GuidedNetwork,
  guided,
  type OpenDenoiser,
  openDenoiser,
} from './sample/open-denoiser.js';
export {
  type SampledPixels,
  type SampleOptions,
  type SamplerSettings,
  SOLVERS,
  sampleAll,
  samplePixels,
} from './sample/sample-pixels.js';
export { seedClasses } from './sample/seed-classes.js';
export {
  BATCH as CLASSIFIER_BATCH,
  CLASSES as CLASSIFIER_CLASSES,
  type Classifier,
  createClassifier,
  FEATURES as CLASSIFIER_FEATURES,
  forward as classifierForward,
  type Params as ClassifierParams,
  SHAPES as CLASSIFIER_SHAPES,
} from './scores/classifier.js';
export { CLASSIFIER_FORMAT, loadClassifier, saveClassifier } from './scores/classifier-file.js';
export {
  type Collected,
  type CollectOptions,
  createCollector,
  type JudgedPart,
  judgeImages,
} from './scores/collect.js';
export { type CollectImagesOptions, collectImages } from './scores/collect-images.js';
export type { FeatureNetwork, Judged } from './scores/feature-network.js';
export { fileFingerprint } from './scores/fingerprint.js';
export { linearAlgebraFor } from './scores/linear-algebra.js';
export { openFeatures, whereFeaturesComeFrom } from './scores/open-features.js';
export { expectNetwork, type OpenReferenceOptions, openReference } from './scores/open-reference.js';
export {
  type Reference,
  readReference,
  referenceFingerprint,
  writeReference,
} from './scores/reference-file.js';
export { EVENTS_VARIABLE, type TrainEvent } from './train-events.js';
export { commandWords, functionWords, OptionError, type OptionName, type Words } from './words.js';
