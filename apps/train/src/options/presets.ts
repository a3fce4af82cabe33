import { UsageError } from '@edm2/command/errors';
import { suggest } from '@edm2/command/nearest';
import type { Dataset } from '@edm2/dataset';
import { type Preset, presets } from '@edm2/edm2-unet';

/** @throws {UsageError} when there is no such preset. */
export function presetOf(name: string): Preset {
  const preset = (presets as Record<string, Preset>)[name];
  if (!preset)
    throw new UsageError(
      `--preset: expected one of ${Object.keys(presets).join(', ')}, got ${name}.${suggest(name, Object.keys(presets))}`,
    );
  return preset;
}

/** A fitting preset where none was named. */
export function defaultPreset({ resolution }: Pick<Dataset, 'resolution'>, latents: boolean): string {
  if (latents && resolution >= 64) return 'img512-xs';
  if (resolution <= 16) return 'mnist';
  return resolution <= 32 ? 'cifar10' : 'img64-xs';
}
