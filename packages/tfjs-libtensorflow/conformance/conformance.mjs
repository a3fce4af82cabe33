// TensorFlow.js's own test suite against a backend of ours. Every failure must be listed, with its reason, in failures.json; and no fewer tests
// may pass than do today.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

/** One copy of tfjs-core, the one that the tests import file by file; the kernels from their TypeScript, whose classes fit it. */
const oneCore = (core, node) => ({
  name: 'one-core',
  setup(build) {
    build.onResolve({ filter: /^@tensorflow\/tfjs(-core)?$/ }, () => ({ path: join(core, 'dist/index.js') }));
    build.onResolve({ filter: /^@tensorflow\/tfjs-node\/dist\// }, ({ path }) => ({
      path: join(node(), path.replace(/^@tensorflow\/tfjs-node\/dist\/(.*)\.js$/, 'src/$1.ts')),
    }));
    // The manifest of tfjs-core calls its tests free of side effects: a bundler would leave them out.
    build.onResolve({ filter: /^\.\/.*_test$/ }, ({ path, resolveDir }) => ({
      path: `${join(resolveDir, path)}.js`,
      sideEffects: true,
    }));
    build.onResolve({ filter: /proto\/api_pb$/ }, () => ({ path: 'api_pb', namespace: 'nothing' }));
    build.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {};' }));
  },
});

/**
 * @param url - of the caller, beside whose main.ts, which starts the backend, lies failures.json.
 * @param least - tests that pass at least.
 * @param name - of what computes.
 */
export async function conformance(url, { least, name }) {
  const here = dirname(fileURLToPath(url));
  const require = createRequire(url);
  const core = dirname(require.resolve('@tensorflow/tfjs-core/package.json'));
  // In the package, so that koffi and jasmine are found from there.
  const out = mkdtempSync(join(here, '.run-'));

  try {
    await build({
      entry: { main: join(here, 'main.ts') },
      format: 'esm',
      target: 'node20',
      outDir: out,
      config: false,
      silent: true,
      splitting: false,
      external: ['koffi', 'jasmine', 'yauzl'],
      noExternal: [/^@edm2\//, /^@tensorflow\//, /^jasmine-core/],
      esbuildPlugins: [oneCore(core, () => dirname(require.resolve('@tensorflow/tfjs-node/package.json')))],
      outExtension: () => ({ js: '.mjs' }),
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
      esbuildOptions: (options) => {
        options.conditions = ['@edm2/source', ...(options.conditions ?? [])];
      },
    });
    const report = join(out, 'report.json');
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(out, 'main.mjs'), join(dirname(fileURLToPath(import.meta.url)), 'ignored.txt'), report],
      {
        // The suite prints tables and warnings of its own.
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`the suite ended with exit code ${status}: ${stderr.slice(-2000)}`);
    process.exitCode = judge(JSON.parse(readFileSync(report, 'utf8')), here, { least, name });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Prints the outcome; 0 when exactly the listed tests fail and enough pass. */
function judge({ version, passed, pending, ignored, failures }, here, { least, name }) {
  const known = JSON.parse(readFileSync(join(here, 'failures.json'), 'utf8'));
  const unlisted = failures.filter((failure) => !(failure.name in known));
  const mended = Object.keys(known).filter((test) => !failures.some((failure) => failure.name === test));
  for (const failure of unlisted) console.log(`✗ ${failure.name}: ${failure.message}`);
  for (const test of mended) console.log(`✗ listed in failures.json, but passes: ${test}`);
  if (passed < least) console.log(`✗ expected at least ${least} tests to pass, got ${passed}`);
  console.log(
    `${name} ${version}: ${failures.length} failures, all but ${unlisted.length} of them explained; ${pending} pending, ${ignored} left out`,
  );
  console.log(`${passed} passed, ${failures.length} failed`);
  return unlisted.length === 0 && mended.length === 0 && passed >= least ? 0 : 1;
}
