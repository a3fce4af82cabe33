import { prose } from '@edm2/app-kit/files/prose';
import { formatSpread, type Spread } from '@edm2/app-scoring/scores/spread';
import { CONFIG_STEPS } from '@edm2/edm2-unet';
import { trainingLadder } from '@edm2/training';
import type { Rung } from './result.js';

/** What stands around a ladder's table. */
export interface LadderAbout {
  readonly images: number;
  readonly channels: number;
  readonly resolution: number;
  readonly seed: number;
  readonly draws: number;
  readonly rateFactors: Readonly<Partial<Record<Rung['config'], number>>>;
  readonly samplerSteps: number;
  /** What real images held out score, as many as a draw. */
  readonly real: { readonly frechet: number; readonly labelAgreement: number; readonly n: number };
  readonly command: string;
  readonly machine: string;
  readonly engine: string;
  readonly finished: string;
}

const percent = ({ mean, std, draws }: Spread): string => formatSpread({ mean: 100 * mean, std: 100 * std, draws }, 2);
const percentOf = (share: number): string => `${(100 * share).toPrecision(2)} %`;
const short = (value: number): string => String(Number(value.toPrecision(3)));

/** The ladder's table in Markdown, in the manner of the paper's Table 1. */
export function ladderTable(rungs: readonly Rung[], about: LadderAbout): string {
  const header = [
    'config',
    'Fréchet distance',
    'read as asked, %',
    'training loss',
    'parameters',
    'Gflops',
    'best σ_rel',
    'mean activation, start → end',
    'largest activation, start → end',
    'mean weight, start → end',
    'paper: FID',
    'paper: σ_rel',
    'paper: Mparams, Gflops',
  ];
  const change = (rung: Rung, of: 'activations' | 'weights', key: 'max' | 'mean'): string => {
    const found = rung.magnitudes?.[of];
    return found ? `${short(found.first[key])} → ${short(found.last[key])}` : '–';
  };
  const rows = rungs.map((rung) => [
    `${rung.config} ${CONFIG_STEPS[rung.config]}`,
    trainingLadder[rung.config].emaHalfLife === undefined
      ? formatSpread(rung.frechet)
      : `${formatSpread(rung.frechet)} (half-life); ${formatSpread(rung.frechetPower)} at the best σ_rel`,
    percent(rung.labelAgreement),
    formatSpread(rung.finalLoss),
    rung.parameters.toLocaleString('en'),
    rung.gflops.toPrecision(3),
    String(rung.bestSigmaRel),
    change(rung, 'activations', 'mean'),
    change(rung, 'activations', 'max'),
    change(rung, 'weights', 'mean'),
    rung.paper?.fid.toFixed(2) ?? '–',
    String(rung.paper?.sigmaRel ?? '–'),
    rung.paper ? `${rung.paper.mparams.toFixed(1)}, ${rung.paper.gflops.toFixed(1)}` : '–',
  ]);
  const { real, seed, draws } = about;
  const n = rungs[0]?.n ?? real.n;
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const factors = rungs.map(({ config }) => `${config} ${about.rateFactors[config]}`).join(', ');
  const worst = Math.max(...rungs.flatMap(({ curve }) => curve.map(({ profileError }) => profileError)));
  const counts = [...new Set(rungs.map((rung) => rung.trainings.length))];
  const several = counts
    .map((count) => {
      const seeds =
        count > 1 ? `${count} trainings (seeds ${seed} to ${seed + count - 1})` : `1 training (seed ${seed})`;
      const of = rungs.filter((rung) => rung.trainings.length === count).map(({ config }) => config);
      return counts.length > 1 ? `${seeds} of ${of.join(', ')}` : seeds;
    })
    .join(', ');
  return [
    ...lines,
    '',
    prose`
      ${about.images.toLocaleString('en')} images each, ${about.channels} channels at
      ${about.resolution}×${about.resolution}, ${several}; ${draws} × ${n} images of each, ${about.samplerSteps} steps of
      Heun's method; mean ± standard deviation over trainings, or over the draws of one.`,
    prose`
      EMA lengths: averages reconstructed from snapshots, their profiles at most ${percentOf(worst)} off. Learning rates:
      the paper's times ${factors}. Training loss: over the last sixteenth of the images; A's has no uncertainty in it and
      compares with none.`,
    prose`
      The distance is taken on the features of a small digit classifier: it is not FID. ${real.n} real images held out
      score ${short(real.frechet)}, and ${(100 * real.labelAgreement).toFixed(1)} % of them are read as what they are.`,
    '',
    `\`${about.command}\`, ${about.machine}, ${about.engine}, ${about.finished}`,
    '',
  ].join('\n');
}
