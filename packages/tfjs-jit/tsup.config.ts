import { defineConfig } from 'tsup';
import { library } from '../../tsup.base.ts';

export default defineConfig({
  ...library({ index: 'src/index.ts', graph: 'src/graph/index.ts' }),
  // The alias of toOnnx brings tfjs-onnx's sources, whose graph is this package's own: the same modules, once.
  esbuildOptions(options) {
    options.conditions = ['@edm2/source', ...(options.conditions ?? [])];
  },
  dts: { compilerOptions: { paths: { '@edm2/tfjs-jit/graph': ['./src/graph/index.ts'] } } },
});
