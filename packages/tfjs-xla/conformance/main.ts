// Text, complex numbers and what no compiler does run on cpu's kernels.
import '@tensorflow/tfjs-backend-cpu';
import { startXla } from '@edm2/tfjs-xla';
import { runSuite } from '../../tfjs-libtensorflow/conformance/suite.js';

const { version } = await startXla({ plugin: 'cpu' });
await runSuite('xla', `of PJRT C API ${version}`);
