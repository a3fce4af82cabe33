import { createEventFile } from '../events/event-file.js';
import { appendLog, truncateLog } from '../log.js';
import type { Happening, RunSetting } from './happening.js';

/** A line of `log.jsonl` and of TensorBoard's file: the mean loss since the last one. */
export async function statusTicks({ config, outdir, from, meter }: RunSetting): Promise<Happening> {
  await truncateLog(outdir, from);
  const events = await createEventFile(outdir, from);
  let last = { seconds: 0, nimg: from };
  return {
    every: config.status,
    async at({ nimg, input: { learningRate } }) {
      const seconds = meter.seconds();
      const loss = meter.takeMean();
      const imagesPerSecond = (nimg - last.nimg) / (seconds - last.seconds);
      const memoryMB = process.memoryUsage().rss / 1e6;
      await appendLog(outdir, { nimg, loss, learningRate, imagesPerSecond, seconds, memoryMB });
      await events.add(nimg, { loss, learningRate, imagesPerSecond });
      last = { seconds, nimg };
    },
  };
}
