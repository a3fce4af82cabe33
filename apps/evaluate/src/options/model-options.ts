import { type EngineChoice, withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { refuseIdle } from '@edm2/app-kit/command/idle-options';
import type { Interval } from '@edm2/app-scoring/sweep/point';
import { UsageError } from '@edm2/command/errors';
import { type Command, Option } from 'commander';
import { type SamplerSettings, SOLVERS } from 'edm2/parts';
import { batch, steps } from './limits.js';
import { interval, numeric } from './parse.js';

/** How images are drawn from networks. */
export interface SamplingOptions extends EngineChoice {
  readonly batch: number;
  readonly steps: number;
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  readonly rho: number;
  readonly solver: keyof typeof SOLVERS;
  readonly sChurn: number;
  readonly sMin: number;
  readonly sMax: number;
  readonly sNoise: number;
  readonly vae?: string;
  readonly anyVae?: boolean;
}

/** Which networks. */
export interface ModelOptions extends SamplingOptions {
  readonly preset?: string;
  readonly models: string;
  readonly net?: string;
  readonly sigmaRel?: number;
  readonly gnet?: string;
  readonly gsigmaRel?: number;
  readonly guidance?: number;
  readonly guidanceInterval?: Interval;
  readonly force?: boolean;
}

/** Adds everything that decides how a sample is drawn. */
export const withSamplingOptions = (command: Command): Command =>
  withEngineOptions(command)
    .option('--batch <n>', 'images at a time', batch, 32)
    .option('--steps <n>', 'steps of the solver', steps, 32)
    .option('--sigma-min <x>', 'lowest noise level', numeric, 0.002)
    .option('--sigma-max <x>', 'highest noise level', numeric, 80)
    .option('--rho <x>', 'how much the steps crowd towards low noise', numeric, 7)
    .addOption(new Option('--solver <name>', 'solver').choices(Object.keys(SOLVERS)).default('heun'))
    .option('--s-churn <x>', 'strength of stochastic sampling', numeric, 0)
    .option('--s-min <x>', 'lowest noise level that is churned', numeric, 0)
    .addOption(
      new Option('--s-max <x>', 'highest noise level that is churned')
        .argParser(numeric)
        .default(Number.POSITIVE_INFINITY, 'inf'),
    )
    .option('--s-noise <x>', 'standard deviation of the noise added', numeric, 1)
    .option(
      '--vae <path>',
      "the VAE that decodes latents: its diffusers folder, a pipeline's, or a file of weights (default: the one that the network's file names, here or beside it)",
    )
    .option('--any-vae', 'decode with --vae even when the network was trained on the latents of another');

/** Adds the options that name a network, guided or not. */
export const withModelOptions = (command: Command): Command =>
  withSamplingOptions(command)
    .option('--preset <name>', 'published networks and settings, which the command presets lists')
    .option('--models <folder>', "where a preset's network files lie", '.')
    .option('--net <path>', "network: a snapshot, a run's folder, or an installed network's name, such as digits")
    .option('--sigma-rel <x>', "EMA length, of a run's folder or an installed network; any can be had", numeric)
    .option('--gnet <path>', 'guiding network: one without classes, or a worse one with the same')
    .option('--gsigma-rel <x>', 'EMA length of the guiding network', numeric)
    .option('--guidance <w>', 'guidance weight; 1: none', numeric)
    .option('--guidance-interval <lo,hi>', 'guide only at noise levels in (lo, hi]', interval)
    .option('--force', 'take averages whose profile is far from the one that their names say');

/**
 * @throws {UsageError} when a number is out of range, or an option changes nothing as the command stands.
 */
export function checkSamplingOptions(command: Command, options: SamplingOptions): void {
  const { sigmaMin, sigmaMax, rho, sChurn, sMin, sMax, sNoise, vae } = options;
  if (!(sigmaMin > 0 && sigmaMin < sigmaMax && Number.isFinite(sigmaMax)))
    throw new UsageError(
      `--sigma-min: expected a noise level above 0 and below --sigma-max, got ${sigmaMin} and ${sigmaMax}. EDM2 uses 0.002 and 80.`,
    );
  if (!(rho > 0 && Number.isFinite(rho)))
    throw new UsageError(`--rho: expected a number above 0, got ${rho}. EDM2 uses 7.`);
  if (!(sChurn >= 0 && sMin >= 0 && sMax >= sMin && sNoise >= 0 && Number.isFinite(sNoise)))
    throw new UsageError(
      `--s-churn: expected it, --s-min and --s-noise to be 0 or more and --s-max no less than --s-min, got ${sChurn}, ${sMin}, ${sNoise} and ${sMax}. Correct them.`,
    );
  if (sChurn === 0) refuseIdle(command, ['sMin', 'sMax', 'sNoise'], '--s-churn above 0');
  if (vae === undefined) refuseIdle(command, ['anyVae'], '--vae');
  if (command.getOptionValue('preset') === undefined) refuseIdle(command, ['models'], '--preset');
}

/** What the sampler is told. */
export function samplerSettings(options: SamplingOptions): SamplerSettings {
  const { steps, sigmaMin, sigmaMax, rho, solver, sChurn, sMin, sMax, sNoise } = options;
  const churn = sChurn > 0 ? { churn: { sChurn, sMin, sMax, sNoise } } : {};
  return { steps, sigmaMin, sigmaMax, rho, solver, ...churn };
}
