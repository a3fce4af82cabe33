import { createEventFile } from '../events/event-file.js';
import { appendLog, readLog, truncateLog } from '../log.js';
import { runAverages } from '../run-averages.js';
import type { ValidationLosses } from '../validation/validation.js';
import type { Happening, RunSetting } from './happening.js';

/**
 * A line of `log.jsonl` and of TensorBoard's file: the mean loss since the last one; and on the first line after each snapshot, or with it, the
 * losses of the first average on held-out images.
 */
export async function statusTicks({ config, outdir, from, meter, validation }: RunSetting): Promise<Happening> {
  await truncateLog(outdir, from);
  const events = await createEventFile(outdir, from);
  const [shown] = runAverages(config);
  let last = { seconds: 0, nimg: from };
  let logged = (await readLog(outdir)).at(-1)?.nimg ?? 0;
  const isMeasured = (nimg: number): boolean =>
    Math.floor(nimg / config.snapshot) > Math.floor(logged / config.snapshot) || nimg >= config.duration;
  return {
    every: config.status,
    async at({ nimg, state, input: { learningRate } }) {
      const seconds = meter.seconds();
      const loss = meter.takeMean();
      const imagesPerSecond = (nimg - last.nimg) / (seconds - last.seconds);
      const memoryMB = process.memoryUsage().rss / 1e6;
      const losses = isMeasured(nimg)
        ? validation?.measure({ ...state.params, ...state.ema[shown?.average.name ?? ''] })
        : undefined;
      const validated = losses ? { validation: losses } : {};
      await appendLog(outdir, { nimg, loss, learningRate, imagesPerSecond, seconds, memoryMB, ...validated });
      await events.add(nimg, { loss, learningRate, imagesPerSecond, ...(losses ? scalarsOf(losses) : {}) });
      last = { seconds: meter.seconds(), nimg };
      logged = nimg;
    },
  };
}

/** Means for TensorBoard, and the held-out loss of each noise level. */
function scalarsOf({ sigmas, heldOut, training }: ValidationLosses): Record<string, number> {
  const mean = (losses: readonly number[]): number => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  return {
    'validation/held-out': mean(heldOut),
    'validation/training': mean(training),
    ...Object.fromEntries(sigmas.map((sigma, i) => [`validation/sigma ${sigma.toPrecision(3)}`, heldOut[i] ?? 0])),
  };
}
