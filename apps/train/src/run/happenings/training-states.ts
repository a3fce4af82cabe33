import { writeTrainingState } from '../stored-run.js';
import type { Happening, Moment, RunSetting } from './happening.js';

/** The training state, from which a run goes on: last of what happens after a step, so that nothing is done twice. */
export function trainingStates({ config, outdir, meter }: RunSetting): Happening {
  const write = ({ nimg, state }: Pick<Moment, 'nimg' | 'state'>): Promise<string> =>
    writeTrainingState(outdir, state, meter.position(nimg), config);
  return {
    every: config.checkpoint,
    async at(moment) {
      await write(moment);
    },
    rescue: write,
  };
}
