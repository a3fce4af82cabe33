// Our side of a comparison: answers the same one-line JSON jobs as bench/pytorch/server.py.
import { createInterface } from 'node:readline';
import type { UNetOptions } from '@edm2/edm2-unet';
import { type EngineName, useEngine } from './ours/engine.js';
import { type ReconstructJob, readFiles, reconstruct } from './ours/files.js';
import { layersRun } from './ours/layers.js';
import { watchMemory } from './ours/memory.js';
import { measurePeak } from './ours/peak.js';
import { forwardRun, type Run, stepRun } from './ours/runs.js';

/** The jobs that this process knows. */
type Job =
  | { work: 'layers'; kind: 'predict' | 'gradients'; batch: number; runs: number; engine: EngineName }
  | {
      work: 'step' | 'forward';
      net: UNetOptions;
      batch: number;
      runs: number;
      engine?: EngineName;
      checkpoint?: boolean;
    }
  | { work: 'first'; net: UNetOptions; batch: number }
  | { work: 'memory'; net: UNetOptions; batch: number; first: number; steps: number }
  | { work: 'peak'; net: UNetOptions; batch: number; checkpoint: boolean; runs: number }
  | ({ work: 'reconstruct' } & ReconstructJob)
  | { work: 'read'; files: string[] };

const WARM_UP = 3;
const prepared = new Map<string, Run>();

const make = (kind: 'step' | 'forward', net: UNetOptions, batch: number, checkpoint: boolean): Run =>
  kind === 'step' ? stepRun(net, batch, checkpoint) : forwardRun(net, batch);

/** The run of a job, made once; compiled functions also warm up, op by op one run is long enough. */
function prepare(
  kind: 'step' | 'forward',
  net: UNetOptions,
  batch: number,
  engine: EngineName,
  checkpoint: boolean,
): Run {
  const key = JSON.stringify([kind, net, batch, checkpoint]);
  const known = prepared.get(key);
  if (known) return known;
  const run = make(kind, net, batch, checkpoint);
  if (engine !== 'cpu') for (let i = 0; i < WARM_UP; i++) run.run();
  prepared.set(key, run);
  return run;
}

function timed(run: Run): number {
  const start = performance.now();
  run.run();
  return performance.now() - start;
}

async function answer(job: Job): Promise<unknown> {
  if (job.work === 'reconstruct') return reconstruct(job);
  if (job.work === 'read') return readFiles(job.files);
  if (job.work === 'first') {
    await useEngine('onnxruntime');
    stepRun(job.net, job.batch).run();
    return {};
  }
  if (job.work === 'memory') {
    await useEngine('onnxruntime');
    return watchMemory(stepRun(job.net, job.batch), job.first, job.steps);
  }
  if (job.work === 'layers') {
    await useEngine(job.engine);
    const run = layersRun(job.kind, job.batch, job.engine === 'onnxruntime');
    for (let i = 0; i < WARM_UP; i++) run.run();
    return { ms: Array.from({ length: job.runs }, () => timed(run)) };
  }
  if (job.work === 'peak') {
    await useEngine('onnxruntime');
    return measurePeak(() => stepRun(job.net, job.batch, job.checkpoint), job.runs);
  }
  const { engine = 'onnxruntime', checkpoint = false } = job;
  await useEngine(engine);
  const run = prepare(job.work, job.net, job.batch, engine, checkpoint);
  return { ms: Array.from({ length: job.runs }, () => timed(run)) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line)).catch((error: unknown) => ({
    error: error instanceof Error ? error.message : String(error),
  }));
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
