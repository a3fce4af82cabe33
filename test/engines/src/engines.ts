import type { Engine } from '@edm2/tfjs-jit';
import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import { startXla } from '@edm2/tfjs-xla';
import { beforeAll, describe } from 'vitest';
import { referenceEngine } from './reference/reference-engine.js';

/** An engine that compiled functions can be tested on. */
export interface TestEngine {
  readonly name: string;
  /** Why it cannot run here; undefined when it can. */
  readonly absent: string | undefined;
  start(): Promise<Engine>;
}

/** Starts an engine once, to see whether its library is there; any other failure than its absence is one. */
async function installed(name: string, command: string, start: TestEngine['start']): Promise<TestEngine> {
  const absent = await start().then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof Error && error.message.includes(`got none. Run: ${command}`))
        return `not installed: ${command}`;
      throw error;
    },
  );
  return { name, absent, start };
}

/** Left out where tests run against dist, for time: what compiles longest, and what only tests use. They run against the sources. */
const onceFrom = (engine: TestEngine): TestEngine =>
  process.env['TEST_BUILT'] === undefined ? engine : { ...engine, absent: 'run against the sources, not dist' };

/**
 * True for the engine whose kernels are TensorFlow.js's cpu kernels: what those get wrong, or lack, cannot be asked of it.
 *
 * @param name - of the engine.
 */
export const isCpu = (name: string): boolean => name === REFERENCE.name;

/** Walks graphs on cpu kernels, and checks every pass on the way. */
const REFERENCE: TestEngine = {
  name: 'reference',
  absent: undefined,
  start: () => Promise.resolve(referenceEngine),
};

/** The engines that people use. */
export const ENGINES: readonly TestEngine[] = [
  { name: 'onnxruntime', absent: undefined, start: () => startOnnxRuntime({ threads: 1 }) },
  await installed('libtensorflow', 'npx tfjs-libtensorflow install', () =>
    startLibtensorflow({ device: 'cpu', threads: 2 }),
  ),
  await installed('xla', 'npx tfjs-xla install --cpu', () => startXla({ plugin: 'cpu' })).then(onceFrom),
];

/**
 * The same tests on the reference and on every engine that is here; one that is not is skipped by a name that says why.
 *
 * @param body - gets the started engine, once tests run, from `engine()`.
 */
export function describeEngines(title: string, body: (engine: () => Engine, name: string) => void): void {
  describe.each([onceFrom(REFERENCE), ...ENGINES])(`${title} on $name`, ({ name, absent, start }) => {
    describe.skipIf(absent !== undefined)(absent === undefined ? 'present' : `skipped: ${absent}`, () => {
      let started: Engine | undefined;
      beforeAll(async () => {
        started = await start();
      });
      body(() => {
        if (started === undefined)
          throw new Error(`describeEngines: expected ${name} to be started. Call it in a test.`);
        return started;
      }, name);
    });
  });
}
