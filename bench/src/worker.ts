// Our side of a comparison: answers the same one-line JSON jobs as bench/pytorch/server.py.
import { createInterface } from 'node:readline';
import type { UNetOptions } from '@edm2/edm2-unet';
import type { DistanceWork, FeatureWork } from './fid.js';
import { chooseEngine } from './ours/choice.js';
import { measureDistance, storeStatistics } from './ours/distance.js';
import { type EngineSettings, isCompiled, libraryVersion, useEngine } from './ours/engine.js';
import { type FeatureRun, featureRun, storeFeatureWork } from './ours/features.js';
import { type ReconstructJob, readFiles, reconstruct } from './ours/files.js';
import { layersRun } from './ours/layers.js';
import { watchMemory } from './ours/memory.js';
import { measurePeak } from './ours/peak.js';
import { forwardRun, type Run, type RunOptions, stepRun } from './ours/runs.js';
import { type StoredModel, thirdPartyRun } from './ours/third-party.js';
import { timeStrips, vaeRun } from './ours/vae.js';
import type { VaeWork } from './vae.js';

/** A step or a forward pass of a network, on an engine with its settings. */
type NetJob = EngineSettings &
  RunOptions & { readonly work: 'step' | 'forward'; readonly net: UNetOptions; readonly batch: number };

/** The jobs that this process knows. */
type Job =
  | (EngineSettings & { work: 'layers'; kind: 'predict' | 'gradients'; batch: number; runs: number; compiled: boolean })
  | (NetJob & { runs: number })
  | (EngineSettings & { work: 'first'; net: UNetOptions; batch: number })
  | (EngineSettings & { work: 'memory'; net: UNetOptions; batch: number; first: number; steps: number })
  | (EngineSettings & { work: 'peak'; net: UNetOptions; batch: number; checkpointed: boolean; runs: number })
  | (EngineSettings & StoredModel & { work: 'model'; compiled: boolean; runs: number })
  | (EngineSettings & { work: 'start' })
  | (EngineSettings & VaeWork & { work: 'vae'; runs: number })
  | (FeatureWork & { work: 'store features' })
  | (EngineSettings & FeatureWork & { work: 'features'; runs: number; output?: string })
  | { work: 'store statistics'; file: string; seed: number; dims: number }
  | (DistanceWork & { work: 'distance' })
  | { work: 'choice'; net: UNetOptions; use: 'training' | 'sampling' }
  | { work: 'held' }
  | ({ work: 'reconstruct' } & ReconstructJob)
  | { work: 'read'; files: string[] };

const WARM_UP = 3;
/** Milliseconds: a run of seconds is warm sooner. */
const WARM_UP_AT_MOST = 5000;
const prepared = new Map<string, Run>();

/** The run of a job, made once; compiled functions also warm up, op by op one run is long enough. */
function prepare({ work, net, batch, engine, precision = 'float32', checkpointed = false }: NetJob): Run {
  const key = JSON.stringify([work, net, batch, precision, checkpointed]);
  const known = prepared.get(key);
  if (known) return known;
  const run = (work === 'step' ? stepRun : forwardRun)(net, batch, { precision, checkpointed });
  if (isCompiled(engine)) warmUp(run);
  prepared.set(key, run);
  return run;
}

function warmUp(run: Run): void {
  const start = performance.now();
  for (let i = 0; i < WARM_UP && performance.now() - start < WARM_UP_AT_MOST; i++) run.run();
}

function timed(run: Run): number {
  const start = performance.now();
  run.run();
  return performance.now() - start;
}

async function answer(job: Job): Promise<unknown> {
  if (job.work === 'reconstruct') return reconstruct(job);
  if (job.work === 'read') return readFiles(job.files);
  if (job.work === 'held') return { maxRss: process.resourceUsage().maxRSS / 1024 };
  if (job.work === 'choice') return chooseEngine(job.net, job.use);
  if (job.work === 'store statistics') return storeStatistics(job.file, job.seed, job.dims).then(() => ({}));
  if (job.work === 'store features') return storeFeatureWork(job).then(() => ({}));
  if (job.work === 'distance') return measureDistance(job);
  await useEngine(job);
  if (job.work === 'start') return { version: libraryVersion() };
  if (job.work === 'first') {
    stepRun(job.net, job.batch).run();
    return {};
  }
  if (job.work === 'memory') return watchMemory(stepRun(job.net, job.batch), job.first, job.steps);
  if (job.work === 'peak') return measurePeak(() => stepRun(job.net, job.batch, job), job.runs);
  if (job.work === 'features') return features(job);
  if (job.work === 'model') return model(job);
  if (job.work === 'vae' && job.strips) return { ms: [await timeStrips(job)] };
  const run = job.work === 'layers' ? prepareLayers(job) : job.work === 'vae' ? prepareVae(job) : prepare(job);
  return { ms: Array.from({ length: job.runs }, () => timed(run)) };
}

let loaded: Run | undefined;

/** One model a process; its first call compiles and is timed like any other. */
async function model(job: Extract<Job, { work: 'model' }>): Promise<unknown> {
  loaded ??= await thirdPartyRun(job, job.compiled);
  const run = loaded;
  return { ms: Array.from({ length: job.runs }, () => timed(run)) };
}

function prepareLayers({ kind, batch, compiled }: Extract<Job, { work: 'layers' }>): Run {
  const run = layersRun(kind, batch, compiled);
  warmUp(run);
  return run;
}

/** Compiled by one run, which is seconds long: warm. */
function prepareVae(work: VaeWork): Run {
  const key = JSON.stringify(['vae', work.kind, work.side, work.batch]);
  const run = prepared.get(key) ?? vaeRun(work);
  if (!prepared.has(key)) run.run();
  prepared.set(key, run);
  return run;
}

let network: { readonly key: string; readonly run: FeatureRun } | undefined;

/** One network a process: the next one takes the place of the last. */
async function features(job: Extract<Job, { work: 'features' }>): Promise<unknown> {
  const key = JSON.stringify([job.net, job.batch, job.folder]);
  if (network?.key !== key) {
    network = { key, run: await featureRun(job) };
    warmUp(network.run);
  }
  const { run } = network;
  const ms = Array.from({ length: job.runs }, () => timed(run));
  if (job.output !== undefined) await run.write(job.output);
  return { ms };
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line)).catch((error: unknown) => ({
    error: error instanceof Error ? error.message : String(error),
  }));
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
