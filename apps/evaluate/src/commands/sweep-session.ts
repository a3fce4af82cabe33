import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { FIGURES } from '@edm2/app-scoring/scores/figure-kinds';
import { type Averages, openAverages } from '@edm2/app-scoring/sweep/averages';
import type { MeasurePointsOptions } from '@edm2/app-scoring/sweep/measure-points';
import { createNetworkCache, type NetworkCache } from '@edm2/app-scoring/sweep/network-cache';
import type { SweepNetworks } from '@edm2/app-scoring/sweep/networks';
import type { ScoreKind } from '@edm2/app-scoring/sweep/result';
import { openStore, type SweepStore } from '@edm2/app-scoring/sweep/store';
import { UsageError } from '@edm2/command/errors';
import { expectFolder } from '@edm2/command/expect-destination';
import type { EngineReport } from '@edm2/engine';
import { figuresOf } from '@edm2/fid';
import { hashAutoencoder } from '@edm2/latent-vae/node';
import {
  type FeatureNetwork,
  fileFingerprint,
  type Reference,
  referenceFingerprint,
  type SamplerSettings,
  startForSampling,
} from 'edm2/parts';
import { seedClasses } from '../generate/seed-classes.js';
import { expectFeatures, expectReference, featuresOf, referenceOf } from '../options/feature-options.js';
import { samplerSettings } from '../options/model-options.js';
import type { SweepOptions } from '../options/sweep-options.js';
import { say } from '../say.js';
import { claimResultFolder } from '../sweep/result-folder.js';

/** All that scores are made with, open. */
export interface SweepSession {
  readonly outdir: string;
  readonly main: Averages;
  readonly guide: SweepNetworks['guide'];
  readonly networks: SweepNetworks;
  readonly engine: EngineReport;
  readonly network: FeatureNetwork;
  readonly reference: Reference;
  readonly score: ScoreKind;
  readonly cache: NetworkCache;
  readonly settings: SamplerSettings;
  readonly store: SweepStore;
  /** What remains after an interruption, and how to go on. */
  kept(typed: string): string;
  dispose(): void;
}

/**
 * Opens the averages, the judge and the scores that were found before with the same settings.
 *
 * @param lengths - EMA lengths that the main network will have for certain.
 * @param check - what the averages must be like besides, before an engine starts.
 */
export async function openSweepSession(
  options: SweepOptions,
  lengths: readonly number[],
  check: (main: Averages) => void = () => undefined,
): Promise<SweepSession> {
  const { indir, outdir } = options;
  if (indir === undefined)
    throw new UsageError("--indir: expected a folder of a run's snapshots, got nothing. Name one.");
  if (outdir === undefined) throw new UsageError('--outdir: expected a folder, got nothing. Say where the results go.');
  await expectFolder('--outdir', outdir);
  const { t, force } = options;
  const main = await openAverages(indir, outdir, { t, lengths, force });
  check(main);
  const guide = await guideOf(options, indir, outdir);
  await expectFeatures(options);
  await expectReference(options);
  const engine = await startForSampling(options, main.sample);
  say(`engine: ${engine.why}`);
  const network = await featuresOf(options, engine);
  const score = scoreOf(options, network);
  const reference = await referenceOf(options, network);
  const cache = createNetworkCache(engine);
  const settings = samplerSettings(options);
  const identity = {
    main: main.fingerprint,
    guide: guide && ('gnet' in guide ? await fileFingerprint(guide.gnet) : guide.fingerprint),
    features: network.fingerprint,
    reference: referenceFingerprint(reference),
    vae: options.vae === undefined ? undefined : await hashAutoencoder(options.vae),
    class: options.class,
    settings,
    num: options.num,
    seed: options.seed,
  };
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  const path = join(outdir, 'scores.jsonl');
  const store = await openStore(path, hash);
  const { settings: sampler, ...others } = identity;
  await claimResultFolder({
    outdir,
    settings: { ...others, ...sampler },
    result: options.perTensor ? 'per-tensor.json' : 'sweep.json',
    isKnown: store.size > 0,
    overwrite: options.overwrite === true,
  });
  if (store.size > 0) say(`going on: ${store.size} draws are in ${path} already`);
  return {
    outdir,
    main,
    guide,
    networks: guide ? { main, guide } : { main },
    engine,
    network,
    reference,
    score,
    cache,
    settings,
    store,
    kept: (typed) => `the scores found so far are in ${path}. Go on with: ${typed}`,
    dispose() {
      cache.dispose();
      network.dispose();
    },
  };
}

/** How points are scored, as far as the options say. */
export const measureOptions = ({
  metrics: { metrics },
  class: classes,
  batch,
  seed,
  num,
  draws,
}: SweepOptions): Pick<MeasurePointsOptions, 'metrics' | 'classOf' | 'batch' | 'seed' | 'num' | 'draws'> => ({
  metrics,
  classOf: (labelDim) => seedClasses(labelDim, classes, 1),
  batch,
  seed,
  num,
  draws,
});

/** @throws {UsageError} when settings are to be chosen by a figure that is not measured. */
function scoreOf({ score, metrics: { metrics } }: SweepOptions, network: FeatureNetwork): ScoreKind {
  const measured = [...figuresOf(metrics), ...(network.classes === undefined ? [] : (['agreement'] as const))];
  const key = score ?? measured[0] ?? 'fd';
  if (!measured.includes(key))
    throw new UsageError(
      `--score: expected a figure of --metrics ${metrics.join(',')} (${measured.join(', ')}), got ${key}. Add its metric.`,
    );
  return { key, title: FIGURES[key].title(network), better: FIGURES[key].better };
}

async function guideOf(options: SweepOptions, indir: string, outdir: string): Promise<SweepNetworks['guide']> {
  if (options.guidance.every((weight) => weight === 1)) return undefined;
  const { gnet, guideIndir, guideSigmaRel, guideT } = options;
  const averaged = guideIndir !== undefined || guideSigmaRel !== undefined || guideT !== undefined;
  if (gnet !== undefined && averaged)
    throw new UsageError('--gnet: expected one kind of guiding network, got --gnet and --guide-… as well. Choose one.');
  if (gnet !== undefined) return { gnet };
  if (guideSigmaRel === undefined)
    throw new UsageError(
      `--guidance: expected a guiding network for the weights ${options.guidance.join(', ')}, got none. Add --gnet FILE, or --guide-sigma-rel with --guide-t or --guide-indir.`,
    );
  if (guideIndir === undefined && guideT === undefined)
    throw new UsageError(
      '--guide-sigma-rel: expected a worse network than the main one, got the same run at the same time. Add --guide-t with an earlier time, or --guide-indir with another run.',
    );
  return openAverages(guideIndir ?? indir, outdir, {
    t: guideT,
    option: '--guide-t',
    lengths: guideSigmaRel,
    force: options.force,
  });
}
