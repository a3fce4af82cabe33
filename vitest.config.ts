import { defaultServerConditions } from 'vite';
import { defaultExclude, defineConfig } from 'vitest/config';
import { sourceTests } from './scripts/source-tests.mjs';

// TEST_BUILT=1 drops the source condition, so that the same tests run against what is published (dist).
const built = Boolean(process.env['TEST_BUILT']);
const conditions = [...(built ? [] : ['@edm2/source']), ...defaultServerConditions];

// What an app or the bench is made of is bundled from sources and tested as such; built, it is a command.
const programs = built ? ['apps/*/src/command.test.ts'] : ['apps/*/src/**/*.test.ts', 'bench/src/**/*.test.ts'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'internal/*/src/**/*.test.ts', ...programs, 'test/**/*.test.ts'],
    // What reaches sources by path is the same test either way: once is enough.
    exclude: [...defaultExclude, ...(built ? sourceTests() : [])],
    // Ends what hangs; the longest test takes 45 s of a quiet machine.
    testTimeout: 400_000,
    hookTimeout: 400_000,
    pool: 'forks',
    maxWorkers: 2,
    // TensorFlow.js greets once per file; a failure would drown in it.
    onConsoleLog: (log) => !log.includes('you are running TensorFlow.js in Node.js'),
  },
});
