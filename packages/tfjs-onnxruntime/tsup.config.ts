import { defineConfig } from 'tsup';
import { library } from '../../tsup.base.ts';

// shims: import.meta.url in the CommonJS build, to find onnxruntime-node for the worker thread.
export default defineConfig({ ...library({ index: 'src/index.ts' }), shims: true });
