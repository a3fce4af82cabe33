import { createPreview } from '../preview.js';
import { runAverages } from '../run-averages.js';
import type { Happening, RunSetting } from './happening.js';

/** Grids of the same seeds, by the first of the averages. */
export async function previews({ config, outdir, unet, engine, say }: RunSetting): Promise<Happening> {
  const preview = await createPreview({ outdir, unet, config, engine, say });
  const [shown] = runAverages(config);
  return {
    every: config.preview,
    at: ({ nimg, state }) => preview.draw({ ...state.params, ...state.ema[shown?.average.name ?? ''] }, nimg),
    dispose: () => preview.dispose(),
  };
}
