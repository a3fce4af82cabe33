export {
  createInception,
  type Inception,
  type InceptionApplyOptions,
  type InceptionFeatures,
  type InceptionOptions,
} from './create-inception.js';
