import type { Params } from '@edm2/training';
import { createMagnitudes, truncateMagnitudes } from '../magnitudes.js';
import type { Happening, RunSetting } from './happening.js';

/** Magnitudes at status ticks, measured on the step's own batch, where they are asked for. */
export async function magnitudes({ config, outdir, unet, engine, from }: RunSetting): Promise<Happening> {
  await truncateMagnitudes(outdir, from);
  if (!config.magnitudes) return { every: 0, at: async () => {} };
  const { updates = false, sigmaData } = config;
  const recorder = createMagnitudes(outdir, unet, engine, { updates, sigmaData });
  let before: Params | undefined;
  return {
    every: config.status,
    before(state) {
      before = recorder.before(state.params);
    },
    at: ({ nimg, state, input }) => recorder.record(nimg, state.params, input.batch, before),
    dispose: () => recorder.dispose(),
  };
}
