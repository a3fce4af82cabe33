import { startProgress } from '@edm2/app-kit/command/progress';
import { formatSpread } from '@edm2/app-scoring/scores/spread';
import { createPointMeasure } from '@edm2/app-scoring/sweep/measure-points';
import { prepareNetworks } from '@edm2/app-scoring/sweep/networks';
import { describe, type SweepPoint } from '@edm2/app-scoring/sweep/point';
import type { ScoreKind } from '@edm2/app-scoring/sweep/result';
import { bestOfCurve, type PerTensorResult, runPerTensor } from '@edm2/app-scoring/sweep/run-per-tensor';
import { type TensorGroup, tensorGroups } from '@edm2/app-scoring/sweep/tensor-groups';
import { UsageError } from '@edm2/command/errors';
import { metricWarnings } from '@edm2/fid';
import { writePerTensor } from '../draw/write-per-tensor.js';
import { decoderFor } from '../generate/open-model.js';
import { interruptible } from '../interruptible.js';
import { DEFAULT_LENGTHS, type SweepOptions } from '../options/sweep-options.js';
import { print, say } from '../say.js';
import { measureOptions, openSweepSession } from './sweep-session.js';

/**
 * `edm2-evaluate sweep --per-tensor`.
 *
 * @param given - tells whether an option was typed.
 */
export async function perTensorCommand(
  options: SweepOptions,
  given: (option: string) => boolean,
  typed: string,
): Promise<void> {
  const others = othersOf(options);
  const guidance = guidanceOf(options);
  for (const option of ['search', 'refine'])
    if (given(option))
      throw new UsageError(
        `--per-tensor: expected no --${option}, got one: its curves run over --lengths. Leave it out, or sweep first.`,
      );
  let groups: readonly TensorGroup[] = [];
  const lengths = options.lengths ?? DEFAULT_LENGTHS;
  const wanted = others === undefined ? lengths : [...lengths, others];
  const session = await openSweepSession(options, wanted, ({ tensors }) => {
    groups = tensorGroups(options.perTensor ?? [], tensors);
  });
  const { outdir, main, networks, network, reference, engine, cache, score } = session;
  for (const { pattern, names, share } of groups)
    say(`${pattern}: ${names.length} of ${main.tensors.size} tensors, ${percent(share)} of the numbers`);

  await interruptible(session.kept(typed), async (signal) => {
    const firsts = lengths.map((sigmaRel): SweepPoint => ({ sigmaRel, weight: 1 }));
    const open = await prepareNetworks(networks, firsts, cache, signal);
    const decoder = await decoderFor((await open({ sigmaRel: lengths[0] ?? 0, weight: 1 })).network, options, engine);
    const progress = startProgress(
      'sweeping',
      (groups.length + 1) * lengths.length * options.num * options.draws,
      'images',
    );
    const found = await runPerTensor({
      patterns: groups.map(({ pattern }) => pattern),
      lengths,
      others,
      guidance,
      score,
      ...createPointMeasure({
        ...session,
        ...measureOptions(options),
        decoder,
        signal,
        onProgress: (done, total, note) => progress.update(done, note, total),
        onResult: ({ point, score: found }, reused) =>
          progress.say(`${describe(point)}: ${score.title} ${formatSpread(found)}${reused ? ' (found before)' : ''}`),
      }),
    }).finally(() => progress.stop());

    const why = found.chosenFrom > 0 ? `the best of ${found.chosenFrom} that all tensors shared` : 'as given';
    // Where its score was found before, its average has not been looked at yet.
    await main.prepare([found.others], signal);
    const notes = [
      ...metricWarnings(options.metrics.metrics, {
        n: options.num,
        nReference: reference.n,
        dims: network.dims,
      }),
      ...[...new Set([...lengths, found.others])].flatMap((length) => main.warningsOf(length)),
    ];
    const picture = await writePerTensor(outdir, found, {
      score,
      groups,
      settings: [
        ['snapshots', `${options.indir} at ${main.t.toLocaleString('en')} images`],
        ['length of the others', `${found.others}, ${why}`],
        ['sampler', `${options.solver}, ${options.steps} steps`],
        [
          'images',
          `${options.num} a draw, ${options.draws} draw${options.draws > 1 ? 's' : ''}, seeds from ${options.seed}`,
        ],
        ['compared with', options.ref ?? ''],
      ],
      command: typed,
      warnings: notes,
    });
    say(`\nthe others stay at σ_rel ${found.others}, ${why}`);
    for (const line of summary(found, score)) print(line);
    for (const note of notes) say(`warning: ${note}`);
    say(`open ${picture}; figures in per-tensor.json and per-tensor.csv`);
    decoder.dispose();
  });
  session.dispose();
}

/** The best length of each curve. */
function summary({ curves }: PerTensorResult, score: ScoreKind): string[] {
  const names = curves.map(({ pattern }) => pattern ?? 'all tensors');
  const width = Math.max(...names.map((name) => name.length));
  return curves.map((curve, i) => {
    const best = bestOfCurve(curve, score);
    const found = best ? `best at ${best.sigmaRel}, ${score.title} ${formatSpread(best.result.score)}` : 'no scores';
    return `${(names[i] ?? '').padEnd(width)}  ${found}`;
  });
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** @throws {UsageError} when more than one length is given: the curves run over `--lengths`. */
function othersOf({ sigmaRel }: SweepOptions): number | undefined {
  if (sigmaRel && sigmaRel.length !== 1)
    throw new UsageError(
      `--sigma-rel: expected one length with --per-tensor, that of all other tensors, got ${sigmaRel.join(', ')}. Give those of the tensors named as --lengths.`,
    );
  return sigmaRel?.[0];
}

/** @throws {UsageError} when there is more than one guidance to choose from. */
function guidanceOf({ guidance, guidanceInterval, guideSigmaRel }: SweepOptions): Omit<SweepPoint, 'sigmaRel' | 'own'> {
  const one = <T>(name: string, values: readonly T[]): T | undefined => {
    if (values.length !== 1)
      throw new UsageError(
        `${name}: expected one value with --per-tensor, got ${values.length}. Give the best of a sweep.`,
      );
    return values[0];
  };
  return {
    weight: one('--guidance', guidance) ?? 1,
    interval: one('--guidance-interval', guidanceInterval),
    guideSigmaRel: guideSigmaRel && one('--guide-sigma-rel', guideSigmaRel),
  };
}
