import { defineConfig } from 'tsup';
import { library } from '../../tsup.base.ts';

export default defineConfig({
  ...library({
    index: 'src/index.ts',
    inception: 'src/inception/index.ts',
    dinov2: 'src/dinov2/index.ts',
    node: 'src/node/index.ts',
    cli: 'src/node/cli.ts',
  }),
  // Optional dependencies are not left outside by themselves, and a native addon cannot be bundled.
  external: ['koffi'],
});
