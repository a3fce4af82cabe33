import { createInterface } from 'node:readline';
import type { UNetOptions } from '@edm2/edm2-unet';
import type { XlaEngine } from '@edm2/tfjs-xla';
import type { Precision } from './plan.js';
import { type Queued, queueForward, queueSteps } from './queue.js';

type Job =
  | { readonly work: 'info' | 'forget' }
  | { readonly work: 'measure'; readonly runs: number }
  | {
      readonly work: 'prepare';
      readonly kind: 'step' | 'forward';
      readonly net: UNetOptions;
      readonly batch: number;
      readonly precision: Precision;
    };

/** Our side of the contests: answers the jobs of bench/peer_loop.py, one JSON a line. */
export async function serve(engine: XlaEngine): Promise<void> {
  let work: Queued | undefined;
  const forget = (): void => {
    work?.dispose();
    work = undefined;
  };
  const answer = (job: Job): unknown => {
    if (job.work === 'info') return { version: `PJRT C API ${engine.version}`, device: engine.device };
    if (job.work === 'prepare') {
      forget();
      const start = performance.now();
      work = (job.kind === 'step' ? queueSteps : queueForward)({ ...job, engine });
      for (let i = 0; i < 2; i++) {
        work.call();
        work.wait();
      }
      return { seconds: (performance.now() - start) / 1000 };
    }
    if (job.work === 'measure' && work !== undefined) return measure(work, job.runs, engine);
    forget();
    return {};
  };
  for await (const line of createInterface({ input: process.stdin })) {
    let reply: unknown;
    try {
      reply = answer(JSON.parse(line) as Job);
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}

function measure(work: Queued, runs: number, engine: XlaEngine): Record<string, number | undefined> {
  let idle = 0;
  let queueing = 0;
  const start = performance.now();
  for (let i = 0; i < runs; i++) {
    if (i > 0 && work.isDone()) idle++;
    const begun = performance.now();
    work.call();
    queueing += performance.now() - begun;
  }
  work.wait();
  return {
    ms: (performance.now() - start) / runs,
    /** Milliseconds that JavaScript needs for a call, which the device does not wait for. */
    host: queueing / runs,
    /** Calls that found the device with nothing to do. */
    idle: runs > 1 ? idle / (runs - 1) : 0,
    peak: engine.memory()?.peak,
  };
}
