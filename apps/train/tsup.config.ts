import { defineConfig } from 'tsup';

// One bundle of the app and the workspace packages it wires: a fresh clone needs no other build to start.
export default defineConfig({
  entry: { cli: 'src/cli.ts' },
  format: ['esm'],
  target: 'node20',
  noExternal: [/^@edm2\//],
  esbuildOptions: (options) => {
    options.conditions = ['@edm2/source', ...(options.conditions ?? [])];
  },
});
