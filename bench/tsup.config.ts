import { defineConfig } from 'tsup';

// Benchmarks run bundled from the workspace's sources, so that what is measured is the code as it stands.
export default defineConfig({
  entry: { cli: 'src/cli.ts', worker: 'src/worker.ts', gpu: 'src/gpu/gpu.ts', 'gpu-part': 'src/gpu/part.ts' },
  format: ['esm'],
  target: 'node20',
  noExternal: [/^@edm2\//],
  // CommonJS dependencies of the packages come into the bundle and expect to find `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  esbuildOptions: (options) => {
    options.conditions = ['@edm2/source', ...(options.conditions ?? [])];
  },
});
