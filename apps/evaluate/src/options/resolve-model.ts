import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expectSourceFile } from '@edm2/app-kit/command/expect-source';
import type { Guidance } from '@edm2/app-kit/sample/open-denoiser';
import { UsageError } from '@edm2/command/errors';
import { describePreset, type EvaluationPreset, evaluationPreset, WEIGHTS } from '../presets.js';
import { say } from '../say.js';
import type { ModelOptions } from './model-options.js';

/** Files that may be networks. */
const SNAPSHOT = /\.(safetensors|pkl)$/;

/** The networks that a command is about. */
export interface ResolvedModel {
  readonly net: string;
  /** Guides; absent where nothing is guided. */
  readonly gnet?: string;
  readonly guidance: Guidance;
  readonly preset?: EvaluationPreset;
}

/**
 * Completes what the command line said from the preset; options given beside it win.
 *
 * @throws {UsageError} when no network is named, a preset's file is missing, or guidance lacks a guiding network.
 */
export async function resolveModel(options: ModelOptions): Promise<ResolvedModel> {
  const preset = options.preset === undefined ? undefined : evaluationPreset(options.preset);
  if (preset) {
    say(`preset ${options.preset}`);
    for (const line of describePreset(preset)) say(`  ${line}`);
  }
  const net = options.net ?? (preset && (await presetFile(options.models, preset.net)));
  if (net === undefined)
    throw new UsageError('--net: expected a network snapshot, got nothing. Name a file, or a --preset.');
  const weight = options.guidance ?? preset?.guidance ?? 1;
  const interval = options.guidanceInterval ?? preset?.interval;
  const gnet =
    options.gnet ?? (preset?.gnet && weight !== 1 ? await presetFile(options.models, preset.gnet) : undefined);
  if (weight !== 1 && gnet === undefined)
    throw new UsageError(
      `--gnet: expected a guiding network for --guidance ${weight}, got none. Name an unconditional network, or a worse one with the same classes.`,
    );
  if (weight === 1 && options.guidanceInterval !== undefined)
    throw new UsageError(
      '--guidance-interval: expected --guidance as well, got none or 1. Choose a weight, such as 1.4, or leave it out.',
    );
  if (weight === 1 && options.gnet !== undefined)
    throw new UsageError('--guidance: expected a weight beside --gnet, got none or 1. Choose one, such as 1.4.');
  await expectSourceFile('--net', net, 'a network snapshot', SNAPSHOT);
  if (gnet !== undefined && weight !== 1) await expectSourceFile('--gnet', gnet, 'a network snapshot', SNAPSHOT);
  return {
    net,
    ...(weight !== 1 && gnet !== undefined ? { gnet } : {}),
    guidance: { weight, interval },
    ...(preset ? { preset } : {}),
  };
}

/** The published file, or what `edm2-evaluate convert` made of it. */
async function presetFile(folder: string, name: string): Promise<string> {
  const converted = join(folder, name.replace(/\.pkl$/, '.safetensors'));
  const published = join(folder, name);
  for (const path of [converted, published])
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  throw new UsageError(
    `--models: expected ${name} (or the .safetensors of it) in ${folder}, got neither. It is one of NVIDIA's published EDM2 networks (${WEIGHTS.licence}): fetch ${WEIGHTS.from}${name}, and name its folder with --models.`,
  );
}
