// TensorFlow.js's own tests (shipped in tfjs-core) against the backend `tensorflow`. Bundled by run.mjs with one copy of tfjs-core.
import { readFileSync, writeFileSync } from 'node:fs';
import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import Jasmine from 'jasmine';

const [ignoreFile = '', reportFile = ''] = process.argv.slice(2);
const ignored = readFileSync(ignoreFile, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

const engine = await startLibtensorflow({ device: 'cpu' });
await tf.setBackend('tensorflow');
setTestEnvs([{ name: 'test-tensorflow', backendName: 'tensorflow', flags: {}, isDataSync: true }]);

const runner = new Jasmine();
runner.loadConfig({ random: false });
runner.exitOnCompletion = false;
await import('@tensorflow/tfjs-core/dist/tests.js');
runner.env.configure({
  specFilter: (spec: { getFullName(): string }) => !ignored.some((part) => spec.getFullName().includes(part)),
});

interface Result {
  readonly fullName: string;
  readonly status: string;
  readonly failedExpectations: readonly { readonly message: string }[];
}
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
    tensorflow: engine.version,
    passed: of('passed').length,
    pending: of('pending').length,
    ignored: of('excluded').length,
    failures,
  }),
);
process.exit(0);
