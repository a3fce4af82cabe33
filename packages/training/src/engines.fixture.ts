import { ENGINES as COMPILING, WAYS, type Way } from '@edm2/test-engines';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import type { TensorTree } from './tree.js';

type Pure = (...args: never[]) => unknown;

/** What compiles a whole step for so long that one way has to do: the one that trainings take. */
const DONATED_ALONE = 'xla';

/** Test helper: the ways to run a training step in float32, with its state donated too. */
export const ENGINES: readonly Way[] = [
  ...WAYS.filter(({ precision, name }) => precision === 'float32' && !name.endsWith(DONATED_ALONE)),
  ...COMPILING.map(
    ({ name, absent, start }): Way => ({
      // The first argument is donated: what the engine keeps is updated in place. Clones of it go in, so that tests may look back.
      name: `jit on ${name}, donated`,
      absent,
      precision: 'float32',
      compiled: true,
      async start() {
        const engine = await start();
        await tf.setBackend(engine.backend);
        return (fn) => {
          const compiled = jit(fn as Pure, { engine, donate: [0] });
          return ((state: TensorTree, ...rest: never[]) =>
            compiled(cloned(state) as never, ...rest)) as Pure as typeof fn;
        };
      },
    }),
  ),
];

/** Test helper: each of them once, donated where there is no other way. */
export const ENGINES_ONCE = ENGINES.filter(({ name }) => !name.endsWith('donated') || name.includes(DONATED_ALONE));

const cloned = <T extends TensorTree | tf.Tensor>(tree: T): T =>
  (tree instanceof tf.Tensor
    ? tf.clone(tree)
    : Object.fromEntries(Object.entries(tree).map(([name, part]) => [name, cloned(part)]))) as T;
