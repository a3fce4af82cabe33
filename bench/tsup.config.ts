import { defineConfig } from 'tsup';

// Benchmarks run bundled from the workspace's sources, so that what is measured is the code as it stands.
export default defineConfig({
  entry: { cli: 'src/cli.ts' },
  format: ['esm'],
  target: 'node20',
  noExternal: [/^@edm2\//],
  esbuildOptions: (options) => {
    options.conditions = ['@edm2/source', ...(options.conditions ?? [])];
  },
});
