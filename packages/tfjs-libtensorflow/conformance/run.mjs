// `npm --prefix packages/tfjs-libtensorflow run conformance`
import { conformance } from './conformance.mjs';

await conformance(import.meta.url, { least: 3846, name: 'TensorFlow' });
