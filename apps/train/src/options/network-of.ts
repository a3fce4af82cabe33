import { UsageError } from '@edm2/command/errors';
import type { Dataset } from '@edm2/dataset';
import { resolveConfig, type UNetOptions } from '@edm2/edm2-unet';
import type { CommandOptions } from './command-options.js';
import type { RunConfig } from './run-config.js';

/**
 * The network that the command line, a preset and the data come to.
 *
 * @param unet - the preset's, of the config that was chosen.
 * @throws {UsageError} naming the option whose value does not fit.
 */
export function networkOf(
  unet: Partial<UNetOptions>,
  given: Pick<CommandOptions, 'cond' | 'attnResolutions' | 'switch' | 'channels'>,
  dataset: Dataset,
  latents: boolean,
): { readonly network: RunConfig['network']; readonly dropout: number } {
  const cond = given.cond ?? dataset.labelDim > 0;
  if (cond && dataset.labelDim === 0)
    throw new UsageError(
      '--cond: expected data with labels, got none. Sort the images into one folder per class, or leave --cond out.',
    );
  const { config, dropout, ...shape } = resolveConfig({
    ...unet,
    imgResolution: dataset.resolution,
    imgChannels: latents ? dataset.channels / 2 : dataset.channels,
    labelDim: cond ? dataset.labelDim : 0,
    ...(given.channels === undefined ? {} : { modelChannels: given.channels }),
    ...(given.attnResolutions ? { attnResolutions: given.attnResolutions } : {}),
  } as UNetOptions);
  checkSwitches({ ...shape, ...given.switch, config });
  const network = { ...shape, channelMult: [...shape.channelMult], attnResolutions: [...shape.attnResolutions] };
  return { network, dropout };
}

/** @throws {UsageError} when switches do not go together. */
function checkSwitches(options: UNetOptions): void {
  try {
    resolveConfig(options);
  } catch (cause) {
    throw new UsageError(`--switch: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** @throws {UsageError} when the images have no such levels. */
export function checkLevels(
  { network }: Pick<RunConfig, 'network'>,
  { resolution }: Pick<Dataset, 'resolution'>,
  { attnResolutions = [] }: Pick<CommandOptions, 'attnResolutions'>,
): void {
  const levels = network.channelMult.map((_, level) => resolution / 2 ** level);
  if ((levels.at(-1) ?? 1) < 1)
    throw new UsageError(
      `--preset: expected a network of at most ${Math.log2(resolution) + 1} levels for ${resolution}×${resolution} images, got ${levels.length}. Choose a smaller preset.`,
    );
  const foreign = attnResolutions.filter((side) => !levels.includes(side));
  if (foreign.length > 0)
    throw new UsageError(
      `--attn-resolutions: expected sides of the network's levels, ${levels.join(', ')}, got ${foreign.join(', ')}. Choose from these, or none.`,
    );
}
