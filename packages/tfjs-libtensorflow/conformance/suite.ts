import { readFileSync, writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import Jasmine from 'jasmine';

interface Result {
  readonly fullName: string;
  readonly status: string;
  readonly failedExpectations: readonly { readonly message: string }[];
}

/**
 * Runs TensorFlow.js's own tests (shipped in tfjs-core) against a backend, and writes a report. Bundled by conformance.mjs with one copy
 * of tfjs-core.
 *
 * @param version - of what computes, for the report.
 */
export async function runSuite(backend: string, version: string): Promise<never> {
  const [ignoreFile = '', reportFile = ''] = process.argv.slice(2);
  const ignored = readFileSync(ignoreFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace('test-tensorflow', `test-${backend}`));

  await tf.setBackend(backend);
  setTestEnvs([{ name: `test-${backend}`, backendName: backend, flags: {}, isDataSync: true }]);

  // A list of names, one a line: those tests alone.
  const only = process.env['CONFORMANCE_ONLY']
    ? new Set(readFileSync(process.env['CONFORMANCE_ONLY'], 'utf8').split('\n'))
    : undefined;
  const runner = new Jasmine();
  runner.loadConfig({ random: false });
  runner.exitOnCompletion = false;
  await import('@tensorflow/tfjs-core/dist/tests.js');
  runner.env.configure({
    specFilter: (spec: { getFullName(): string }) =>
      !ignored.some((part) => spec.getFullName().includes(part)) &&
      (only === undefined || only.has(spec.getFullName())),
  });

  const results: Result[] = [];
  runner.clearReporters();
  runner.addReporter({ specDone: (result: Result) => void results.push(result) });
  await runner.execute();

  const of = (status: string): Result[] => results.filter((result) => result.status === status);
  const failures = of('failed').map(({ fullName, failedExpectations }) => ({
    name: fullName,
    message: (failedExpectations[0]?.message ?? '').split('\n').slice(0, 2).join(' '),
  }));
  writeFileSync(
    reportFile,
    JSON.stringify({
      version,
      passed: of('passed').length,
      pending: of('pending').length,
      ignored: of('excluded').length,
      failures,
    }),
  );
  process.exit(0);
}
