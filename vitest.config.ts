import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// TEST_BUILT=1 drops the source condition, so that the same tests run against what is published (dist).
const conditions = [...(process.env['TEST_BUILT'] ? [] : ['@edm2/source']), ...defaultServerConditions];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
