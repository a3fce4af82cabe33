import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe } from 'vitest';
import { ENGINES } from './engines.js';

type Pure = (...args: never[]) => unknown;

/** Makes a pure function of tensors run somewhere; its arguments and results stay what they are. */
export type Compile = <F extends Pure>(fn: F) => F;

/** A way to run a pure function of tensors: op by op on the plain backend, or compiled on an engine. */
export interface Way {
  readonly name: string;
  /** Why it cannot run here; undefined when it can. */
  readonly absent: string | undefined;
  /** What convolutions and matrix products compute in. */
  readonly precision: 'float32' | 'bfloat16';
  /** False op by op, where tensors made in an inner tidy end with it. */
  readonly compiled: boolean;
  /** Starts the engine; tensors are made on the plain backend all the same, and move as they are used. */
  start(): Promise<Compile>;
}

const compiled = (
  { name, absent, start }: (typeof ENGINES)[number],
  precision: Way['precision'],
  title = `jit on ${name}`,
): Way => ({
  name: title,
  absent,
  precision,
  compiled: true,
  async start() {
    const engine = await start();
    await tf.setBackend('cpu');
    return (fn) => jit(fn as Pure, { engine, precision }) as Pure as typeof fn;
  },
});

/** Every way there is; 16 bit where an engine has it. */
export const WAYS: readonly Way[] = [
  {
    name: 'plain cpu',
    absent: undefined,
    precision: 'float32',
    compiled: false,
    async start() {
      await tf.setBackend('cpu');
      return (fn) => fn;
    },
  },
  ...ENGINES.map((engine) => compiled(engine, 'float32')),
  ...ENGINES.filter(({ name }) => ['libtensorflow', 'xla'].includes(name)).map((engine) =>
    compiled(engine, 'bfloat16', `jit on ${engine.name} in bfloat16`),
  ),
];

/**
 * The same tests every way that is here; one that is not is skipped by a name that says why.
 *
 * @param body - gets what compiles a function, once tests run, and the way.
 */
export function describeWays(title: string, body: (compile: Compile, way: Way) => void): void {
  describe.each(WAYS)(`${title}, $name`, (way) => {
    const { absent } = way;
    describe.skipIf(absent !== undefined)(absent === undefined ? 'present' : `skipped: ${absent}`, () => {
      let compile: Compile | undefined;
      beforeAll(async () => {
        compile = await way.start();
      });
      body((fn) => {
        if (compile === undefined)
          throw new Error(`describeWays: expected ${way.name} to be started. Compile in a test.`);
        return compile(fn);
      }, way);
    });
  });
}
