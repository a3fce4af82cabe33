import '@tensorflow/tfjs';
import { createUNet } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { relativeError } from '@edm2/test-support';
import { type Engine, jit } from '@edm2/tfjs-jit';
import { startXla, type XlaEngine } from '@edm2/tfjs-xla';
import { adam, createTrainStep, type Params } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { XlaBackend } from '../../../packages/tfjs-xla/src/backend/backend.js';
import { CPU_PLUGIN, IF_INSTALLED } from '../../../packages/tfjs-xla/src/installed.test-support.js';
import { TINY } from '../nets.js';
import { makeInputs, withGains } from '../ours/inputs.js';

const DEVICES = 4;
const BATCH = 8;
const STEPS = 4;

// The plugin has not been opened yet: LLVM's optimisations are half of the compiling, and of no concern here.
process.env['XLA_FLAGS'] ??= '--xla_backend_optimization_level=0';

/** Every kind of layer that sums over the batch in its gradient, and attention. */
const unet = createUNet({ ...TINY.net, imgResolution: 4, channelMult: [1] });
const training = createTrainStep({
  unet,
  uncertainty: createUncertainty({ channels: 16 }),
  optimizer: adam(),
  emaSigmaRels: [0.05, 0.1],
});

describe(`EDM2's training step over ${DEVICES} devices, ${IF_INSTALLED}`, () => {
  describe.skipIf(CPU_PLUGIN === undefined)('of the CPU', () => {
    let engine: XlaEngine;
    beforeAll(async () => {
      engine = await startXla({ plugin: 'cpu', devices: DEVICES });
      await tf.setBackend('xla');
    });

    /** Some steps with their state donated: losses, and what the steps changed. */
    function train(on: Engine) {
      const step = jit(training.step, { engine: on, donate: [0] });
      const init = training.init(1);
      let state = { ...init, params: withGains(unet, init.params) };
      const flat = (tree: Params): number[] => training.trained.flatMap((name) => [...(tree[name]?.dataSync() ?? [])]);
      const weights = () => flat({ ...state.params, ...state.uncertainty });
      const before = weights();
      const losses: number[] = [];
      const raw: number[] = [];
      let parts = 0;
      for (let i = 1; i <= STEPS; i++) {
        const batch = {
          ...makeInputs(unet, BATCH),
          ...{ learningRate: tf.scalar(0.01), t: tf.scalar(i * BATCH), dt: tf.scalar(BATCH) },
        };
        const { state: next, metrics } = step(state, batch);
        state = next;
        losses.push(metrics.loss.dataSync()[0] ?? Number.NaN);
        raw.push(...metrics.rawLoss.dataSync());
        parts = on === engine ? 1 : backend().spreadOf(metrics.rawLoss, 0).length;
        tf.dispose([batch, metrics] as never);
      }
      const averages = ['0.05', '0.1'].map((name) => flat(state.ema[name] ?? {}));
      const after = weights();
      const changed = [after, ...averages].map((values) => values.map((x, i) => x - (before[i] ?? Number.NaN)));
      tf.dispose(state as never);
      step.dispose();
      return { losses, raw, parts, changed };
    }
    const backend = (): XlaBackend => tf.engine().findBackend('xla') as XlaBackend;

    it('computes what one device does: losses, weights and both averages', () => {
      const alone = train(engine);
      const together = train(
        engine.sharded({
          arguments: (name, shape) => (name.startsWith('1.') && shape[0] === BATCH ? 0 : undefined),
          results: (name) => (name === 'metrics.rawLoss' ? 0 : undefined),
        }),
      );
      expect([alone.parts, together.parts]).toEqual([1, DEVICES]);
      expect(alone.losses.at(-1)).toBeLessThan(0.99 * (alone.losses[0] ?? 0));
      const errors = [
        relativeError(together.losses, alone.losses),
        relativeError(together.raw, alone.raw),
        ...together.changed.map((values, i) => relativeError(values, alone.changed[i] ?? [])),
      ];
      // Sums over the batch in another order: measured 1.2e-7, 6.4e-8 and, of changes, 2.9e-7.
      const [losses, raw, ...changed] = errors;
      expect(losses).toBeLessThan(1e-5);
      expect(raw).toBeLessThan(1e-5);
      for (const error of changed) expect(error).toBeLessThan(1e-4);
    });
  });
});
