import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { inOwnWords } from '@edm2/app-kit/command/in-own-words';
import { UsageError } from '@edm2/command/errors';
import {
  commandWords,
  type FindNetworkOptions,
  type FoundNetwork,
  findNetwork,
  type Guidance,
  type OptionName,
} from 'edm2/parts';
import { describePreset, type EvaluationPreset, evaluationPreset, WEIGHTS } from '../presets.js';
import { say } from '../say.js';
import type { ModelOptions } from './model-options.js';

/** The networks that a command is about. */
export interface ResolvedModel {
  readonly net: string;
  /** Guides; absent where nothing is guided. */
  readonly gnet?: string;
  readonly guidance: Guidance;
  readonly preset?: EvaluationPreset;
  /** Removes what was made for this command alone. */
  release(): void;
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
    throw new UsageError(
      '--net: expected a network snapshot, got nothing. Name a file, a run’s folder, an installed network such as digits, or a --preset.',
    );
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
  const { sigmaRel, gsigmaRel, force } = options;
  if (gsigmaRel !== undefined && (gnet === undefined || weight === 1))
    throw new UsageError('--gsigma-rel: expected --gnet and --guidance as well, got none. Add them, or leave it out.');
  const main = await find('--net', '--sigma-rel', net, { sigmaRel, force });
  const away =
    gnet === undefined || weight === 1
      ? undefined
      : await find('--gnet', '--gsigma-rel', gnet, { sigmaRel: gsigmaRel, force }).catch((error: unknown) => {
          main.release();
          throw error;
        });
  return {
    net: main.path,
    ...(away ? { gnet: away.path } : {}),
    guidance: { weight, interval },
    ...(preset ? { preset } : {}),
    release() {
      main.release();
      away?.release();
    },
  };
}

/** A network by its file, its run's folder or its name, with errors in this command's words. */
async function find(
  net: string,
  length: string,
  path: string,
  options: Pick<FindNetworkOptions, 'sigmaRel' | 'force'>,
): Promise<FoundNetwork> {
  const flag = (option: OptionName): string =>
    option === 'path' ? net : option === 'sigmaRel' ? length : commandWords.name(option);
  const found = await inOwnWords({ force: '--force' }, () =>
    findNetwork(path, { ...options, words: { head: flag, name: flag } }),
  );
  if (found.how !== undefined) say(`${net}: ${found.how}`);
  return found;
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
