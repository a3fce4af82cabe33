import { defineConfig } from 'tsup';
import recipe from './tsup.config.ts';

// Everything in the bundle but koffi, whose library is a file of its own.
export default defineConfig({
  ...recipe,
  entry: { gpu: 'src/gpu/gpu.ts', 'gpu-part': 'src/gpu/part.ts', xla: '../packages/tfjs-xla/src/cli.ts' },
  noExternal: [/^(?!koffi$|node:)/],
  external: ['koffi'],
  minify: true,
});
