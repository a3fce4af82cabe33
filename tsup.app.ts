import type { Options } from 'tsup';

/** Stay outside the bundle: native files, and TensorFlow.js, of which a process may hold one copy only. */
const EXTERNAL = [/^@tensorflow\//, 'sharp', 'onnxruntime-node', 'koffi', '@resvg/resvg-js', 'vega', 'vega-lite'];

/** The one build recipe of every app: a bundle of it and the workspace packages it wires. A fresh clone needs no other build to start. */
export const app: Options = {
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
};
