import { writeSnapshots } from '../stored-run.js';
import type { Happening, RunSetting } from './happening.js';

/** The tracked averages as network files. */
export const snapshots = ({ config, outdir, unet }: RunSetting): Happening => ({
  every: config.snapshot,
  at: ({ nimg, state }) => writeSnapshots(outdir, unet, state, nimg, config),
});
