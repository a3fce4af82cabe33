import { defineConfig } from 'tsup';

/** Stay outside the bundle: native files, and TensorFlow.js, of which a process may hold one copy only. */
const EXTERNAL = [/^@tensorflow\//, 'sharp', 'onnxruntime-node', 'koffi', '@resvg/resvg-js', 'vega', 'vega-lite'];

// One bundle of the app and the workspace packages it wires: a fresh clone needs no other build to start.
export default defineConfig({
  entry: { cli: 'src/cli.ts' },
  format: ['esm'],
  target: 'node20',
  external: EXTERNAL,
  noExternal: [/^(?!@tensorflow\/|sharp$|onnxruntime-node|koffi$|@resvg\/|vega|node:)/],
  // Some bundled CommonJS packages call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
  esbuildOptions: (options) => {
    options.conditions = ['@edm2/source', ...(options.conditions ?? [])];
  },
});
