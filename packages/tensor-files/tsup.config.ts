import { defineConfig } from 'tsup';
import { library } from '../../tsup.base.ts';

export default defineConfig(
  library({ index: 'src/index.ts', tfjs: 'src/tfjs/index.ts', 'tfjs-io': 'src/tfjs-io/index.ts' }),
);
