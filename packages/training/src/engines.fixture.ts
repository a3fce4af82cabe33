import { ENGINES as COMPILING } from '@edm2/test-engines';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import type { TensorTree } from './tree.js';

/** Test helper: the ways to run a pure function of tensors. */
export interface TestEngine {
  readonly name: string;
  /** Why it cannot run here; undefined when it can. */
  readonly absent: string | undefined;
  /** Makes it the current tfjs backend and returns what compiles a function of a state and more. */
  start(): Promise<<F>(fn: F) => F>;
}

type Pure = (...args: unknown[]) => unknown;

export const ENGINES: readonly TestEngine[] = [
  {
    name: 'plain cpu',
    absent: undefined,
    async start() {
      await tf.setBackend('cpu');
      return (fn) => fn;
    },
  },
  ...COMPILING.flatMap(({ name, absent, start }): TestEngine[] => [
    {
      name: `jit on ${name}`,
      absent,
      async start() {
        const engine = await start();
        return (fn) => jit(fn as Pure, { engine }) as Pure as typeof fn;
      },
    },
    {
      // The first argument is donated: what the engine keeps is updated in place. Clones of it go in, so that tests may look back.
      name: `jit on ${name}, donated`,
      absent,
      async start() {
        const engine = await start();
        await tf.setBackend(engine.backend);
        return (fn) => {
          const compiled = jit(fn as Pure, { engine, donate: [0] });
          return ((state: TensorTree, ...rest: unknown[]) => compiled(cloned(state), ...rest)) as Pure as typeof fn;
        };
      },
    },
  ]),
];

const cloned = <T extends TensorTree | tf.Tensor>(tree: T): T =>
  (tree instanceof tf.Tensor
    ? tf.clone(tree)
    : Object.fromEntries(Object.entries(tree).map(([name, part]) => [name, cloned(part)]))) as T;
