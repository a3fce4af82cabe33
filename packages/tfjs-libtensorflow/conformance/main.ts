import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import { runSuite } from './suite.js';

const { version } = await startLibtensorflow({ device: 'cpu' });
await runSuite('tensorflow', version);
