// `npm --prefix packages/tfjs-xla run conformance`
import { conformance } from '../../tfjs-libtensorflow/conformance/conformance.mjs';

await conformance(import.meta.url, { least: 3846, name: 'XLA' });
