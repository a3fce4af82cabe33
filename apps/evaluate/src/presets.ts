import type { Interval } from '@edm2/app-scoring/sweep/point';
import { UsageError } from '@edm2/command/errors';
import { suggest } from '@edm2/command/nearest';
import { ownCommand, siblingCommand } from '@edm2/command/typed';
import { presets as networks } from '@edm2/edm2-unet';
import { say } from './say.js';

/** A published setting: which files, how guided, and the score that the papers state for it. */
export interface EvaluationPreset {
  /** File name of the network, as published; `.safetensors` of the same name is taken too. */
  readonly net: string;
  readonly gnet?: string;
  readonly guidance?: number;
  readonly interval?: Interval;
  readonly expected: { readonly metric: 'FID' | 'FD_DINOv2'; readonly value: number; readonly source: string };
  /** What of it does not come from the paper itself. */
  readonly note?: string;
}

/** Where the networks of every preset come from, and on what terms. */
export const WEIGHTS = {
  from: 'https://nvlabs-fi-cdn.nvidia.com/edm2/posthoc-reconstructions/',
  licence: 'CC BY-NC-SA 4.0, NVIDIA: not for commercial use',
} as const;

/** The autoencoder of the img512 networks. */
const AUTOENCODER = "stabilityai/sd-vae-ft-mse, a diffusers folder (--vae; licence on the model's page)";

const EDM2 = 'Karras et al. 2024 (2312.02696), Tables 2, 3, 5';
const AUTOGUIDANCE = 'Karras et al. 2024 (2406.02507), Table 1';
const INTERVAL = 'Kynkäänniemi et al. 2024 (2404.07724), Table 1';

type Size = 'xs' | 's' | 'm' | 'l' | 'xl' | 'xxl';
type NetworkName = keyof typeof networks;

/** `edm2-img512-xs-2147483-0.135.pkl`: network, thousands of images, EMA length. `kimg` where it is not the end of training. */
const file = (name: NetworkName, sigmaRel: number, { uncond = false, kimg = 0 } = {}): string =>
  `edm2-${name}${uncond ? '-uncond' : ''}-${String(kimg || Math.floor(networks[name].durationImages / 1000)).padStart(7, '0')}-${sigmaRel.toFixed(3)}.pkl`;

/** ImageNet-512 without guidance: size, [FID, σ_rel], [FD_DINOv2, σ_rel]. */
const PLAIN: readonly (readonly [Size, fid: readonly [number, number], dino: readonly [number, number]])[] = [
  ['xs', [3.53, 0.135], [103.39, 0.2]],
  ['s', [2.56, 0.13], [68.64, 0.19]],
  ['m', [2.25, 0.1], [58.44, 0.155]],
  ['l', [2.06, 0.085], [52.25, 0.155]],
  ['xl', [1.96, 0.085], [45.96, 0.155]],
  ['xxl', [1.91, 0.07], [42.84, 0.15]],
];

type Guided = readonly [score: number, sigmaRel: number, weight: number];
/** The same, guided by the unconditional XS network of the same EMA length. */
const GUIDED: readonly (readonly [Size, fid: Guided, dino: Guided])[] = [
  ['xs', [2.91, 0.045, 1.4], [79.94, 0.15, 1.7]],
  ['s', [2.23, 0.025, 1.4], [52.32, 0.085, 1.9]],
  ['m', [2.01, 0.03, 1.2], [41.98, 0.015, 2.0]],
  ['l', [1.88, 0.015, 1.2], [38.2, 0.035, 1.7]],
  ['xl', [1.85, 0.02, 1.2], [35.67, 0.03, 1.7]],
  ['xxl', [1.81, 0.015, 1.2], [33.09, 0.015, 1.7]],
];

/** ImageNet-64 without guidance: size, FID, σ_rel. */
const SMALL: readonly (readonly [Exclude<Size, 'xs' | 'xxl'>, number, number])[] = [
  ['s', 1.58, 0.075],
  ['m', 1.43, 0.06],
  ['l', 1.33, 0.04],
  ['xl', 1.33, 0.04],
];

const expect = (metric: 'FID' | 'FD_DINOv2', value: number, source = EDM2) => ({ expected: { metric, value, source } });
const classifierFree = (size: Size, [value, sigmaRel, guidance]: Guided, metric: 'FID' | 'FD_DINOv2') => ({
  net: file(`img512-${size}`, sigmaRel),
  gnet: file('img512-xs', sigmaRel, { uncond: true }),
  guidance,
  ...expect(metric, value),
});

/** Every published setting by its name. */
export const evaluationPresets: Readonly<Record<string, EvaluationPreset>> = {
  ...Object.fromEntries(
    PLAIN.flatMap(([size, [fid, fidRel], [dino, dinoRel]]) => [
      [`edm2-img512-${size}-fid`, { net: file(`img512-${size}`, fidRel), ...expect('FID', fid) }],
      [`edm2-img512-${size}-dino`, { net: file(`img512-${size}`, dinoRel), ...expect('FD_DINOv2', dino) }],
    ]),
  ),
  ...Object.fromEntries(
    GUIDED.flatMap(([size, fid, dino]) => [
      [`edm2-img512-${size}-guid-fid`, classifierFree(size, fid, 'FID')],
      [`edm2-img512-${size}-guid-dino`, classifierFree(size, dino, 'FD_DINOv2')],
    ]),
  ),
  ...Object.fromEntries(
    SMALL.map(([size, fid, sigmaRel]) => [
      `edm2-img64-${size}-fid`,
      { net: file(`img64-${size}`, sigmaRel), ...expect('FID', fid) },
    ]),
  ),
  'edm2-img512-s-autog-fid': {
    net: file('img512-s', 0.07),
    gnet: file('img512-xs', 0.125, { kimg: 134_217 }),
    guidance: 2.1,
    ...expect('FID', 1.34, AUTOGUIDANCE),
  },
  'edm2-img512-xxl-autog-fid': {
    net: file('img512-xxl', 0.075),
    gnet: file('img512-m', 0.155, { kimg: 268_435 }),
    guidance: 2.05,
    ...expect('FID', 1.25, AUTOGUIDANCE),
  },
  'edm2-img64-s-autog-fid': {
    net: file('img64-s', 0.045),
    gnet: file('img64-xs', 0.11, { kimg: 134_217 }),
    guidance: 1.7,
    ...expect('FID', 1.01, AUTOGUIDANCE),
  },
  'edm2-img512-xxl-interval-fid': {
    ...classifierFree('xxl', [1.4, 0.015, 2.0], 'FID'),
    interval: [0.19, 1.61],
    ...expect('FID', 1.4, INTERVAL),
    note: "The interval (0.19, 1.61] was read in a summary of the paper, not in the paper; networks and EMA length are taken to be those of edm2-img512-xxl-guid-fid, from which the paper's comparison starts.",
  },
};

/** What a preset is and takes, a line each: expected score, networks, autoencoder, notes. */
export function describePreset({ net, gnet, guidance, interval, expected, note }: EvaluationPreset): string[] {
  const { metric, value, source } = expected;
  return [
    `published: ${metric} ${value} over 50,000 images (${source})`,
    `network: ${net}`,
    ...(gnet === undefined
      ? []
      : [`guided by: ${gnet}, w = ${guidance}${interval ? `, at noise levels in (${interval.join(', ')}] only` : ''}`]),
    `networks are at ${WEIGHTS.from} (${WEIGHTS.licence}); put them into the folder --models`,
    ...(net.includes('img512') ? [`latents are decoded by: ${AUTOENCODER}`] : []),
    `scored on the features of ${metric === 'FID' ? 'Inception' : 'DINOv2'}: ${siblingCommand('fid', ['weights'])} says where its weights and reference come from`,
    ...(note === undefined ? [] : [`note: ${note}`]),
  ];
}

/** Says what the paper's authors got, where a published setting was asked for. */
export function sayExpected(preset: EvaluationPreset | undefined): void {
  if (!preset) return;
  const { metric, value, source } = preset.expected;
  say(`published for this setting: ${metric} ${value} over 50,000 images (${source})`);
}

/** @throws {UsageError} when there is no such preset. */
export function evaluationPreset(name: string): EvaluationPreset {
  const preset = Object.hasOwn(evaluationPresets, name) ? evaluationPresets[name] : undefined;
  if (!preset)
    throw new UsageError(
      `--preset: expected a published setting, got ${name}. List them: ${ownCommand(['presets'])}.${suggest(name, Object.keys(evaluationPresets))}`,
    );
  return preset;
}
