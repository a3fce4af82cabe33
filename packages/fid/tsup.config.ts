import { defineConfig } from 'tsup';
import { library } from '../../tsup.base.ts';

export default defineConfig({
  ...library({
    index: 'src/index.ts',
    inception: 'src/inception/index.ts',
    dinov2: 'src/dinov2/index.ts',
    node: 'src/node/index.ts',
    cli: 'src/node/cli.ts',
    absent: 'src/absent.ts',
  }),
  // Optional dependencies are not left outside by themselves, and a native addon cannot be bundled. The front door imports its own
  // './node' by name, so that a browser's bundler finds absent.js instead.
  external: ['koffi', '@edm2/fid/node'],
});
