import { defineConfig, type Options } from 'tsup';
import { library } from '../../tsup.base.ts';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * TensorFlow.js's Node kernels (Apache-2.0) go into the build, so that nobody who installs this package runs
 * `@tensorflow/tfjs-node`'s install script. They find their functions in tfjs-core, and nothing that writes TensorBoard files.
 */
const nodeKernels: Plugin = {
  name: 'tfjs-node-kernels',
  setup(build) {
    build.onResolve({ filter: /^@tensorflow\/tfjs$/ }, () => ({ path: '@tensorflow/tfjs-core', external: true }));
    build.onResolve({ filter: /proto\/api_pb$/ }, () => ({ path: 'api_pb', namespace: 'nothing' }));
    // Two functions of util that Node deprecated, and took away in 23.
    build.onResolve({ filter: /^util$/ }, () => ({ path: 'util', namespace: 'old-util' }));
    build.onLoad({ filter: /.*/, namespace: 'old-util' }, () => ({
      contents: 'exports.isNullOrUndefined = (x) => x === null || x === undefined; exports.isArray = Array.isArray;',
    }));
    build.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {};' }));
  },
};

export default defineConfig({
  ...library({ index: 'src/index.ts', cli: 'src/cli.ts' }),
  esbuildPlugins: [nodeKernels],
  // The kernels are CommonJS and expect to find `require`.
  banner: ({ format }) =>
    format === 'esm'
      ? {
          js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
        }
      : {},
});
