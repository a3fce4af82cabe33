import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Engine, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { describeEngines } from './engines.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

beforeEach(async () => {
  await tf.setBackend('cpu');
});

/** The engine, and how many of its compiled functions are loaded. */
function counting(engine: Engine): { engine: Engine; loaded: () => number } {
  let loaded = 0;
  const compile: Engine['compile'] = (...given) => {
    const executable = engine.compile(...given);
    loaded++;
    const dispose = (): void => {
      loaded--;
      executable.dispose();
    };
    return { ...executable, dispose };
  };
  return { engine: { ...engine, compile }, loaded: () => loaded };
}

describeEngines('compiled functions that nobody holds', (engine) => {
  const x = tf.tensor1d([1, 2]);

  it('are freed when memory is collected, and are warned of at the tenth', async () => {
    const { engine: watched, loaded } = counting(engine());
    const said: string[] = [];
    const warn = (message: string): void => void said.push(message);
    const inLoop = (n: number): void => {
      for (let i = 0; i < n; i++) {
        const factor = tf.scalar(i);
        const compiled = jit((t: tf.Tensor) => tf.mul(t, factor), { engine: watched, warn });
        expect(compiled(x).dataSync()[1]).toBe(2 * i);
      }
    };
    inLoop(9);
    expect(said).toEqual([]);
    inLoop(3);
    expect(said).toEqual([
      expect.stringMatching(
        /10 compiled functions of the same code.*mul.*Call jit once, outside the loop.*dispose\(\)/,
      ),
    ]);
    await vi.waitFor(() => {
      collect();
      expect(loaded()).toBe(0);
    });
    inLoop(9);
    expect(said).toHaveLength(1);
    await vi.waitFor(() => {
      collect();
      expect(loaded()).toBe(0);
    });
  });

  it('do not count when they are disposed, and go on working while they are held', async () => {
    const { engine: watched, loaded } = counting(engine());
    const said: string[] = [];
    const make = () =>
      jit((t: tf.Tensor) => tf.add(t, 1), { engine: watched, warn: (message) => void said.push(message) });
    for (let i = 0; i < 25; i++) {
      const compiled = make();
      compiled(x);
      compiled.dispose();
    }
    expect([loaded(), said]).toEqual([0, []]);
    const held = make();
    held(x);
    collect();
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
    expect([...held(x).dataSync(), loaded()]).toEqual([2, 3, 1]);
    held.dispose();
  });
});
