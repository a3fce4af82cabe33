import { UsageError } from '@edm2/command/errors';
import type { z } from 'zod';
import { RUN_SETTINGS } from './run-settings.js';
import { type OtherSettings, optionOf, type RunBasis, type Setting } from './setting.js';
import { TRAINING_SETTINGS } from './training-settings.js';

/**
 * Every setting of a run that an option has: the command line, its help, `config.json`, what a continuation may change and what is
 * refused are read off this table. A new hyper-parameter is one entry.
 */
export const SETTINGS = { ...TRAINING_SETTINGS, ...RUN_SETTINGS };

/** Name of a setting in `config.json`. */
export type SettingName = keyof typeof SETTINGS;

/** Names and settings in order. */
export const settings = (): readonly (readonly [SettingName, Setting])[] =>
  Object.entries(SETTINGS) as unknown as (readonly [SettingName, Setting])[];

/** Schemas of their values in `config.json`. */
export const SETTING_SCHEMAS = Object.fromEntries(settings().map(([name, { schema }]) => [name, schema])) as {
  [K in SettingName]: (typeof SETTINGS)[K]['schema'];
};

/** The values of all settings. */
export type RunSettings = z.infer<z.ZodObject<typeof SETTING_SCHEMAS>>;

/** Settings as they were typed; undefined where nothing was. */
export type GivenSettings = { readonly [K in SettingName]?: RunSettings[K] };

/** The settings of a run: what was given, and the rest from what the run is made for. */
export function resolveSettings(given: GivenSettings, basis: RunBasis): RunSettings {
  const so: Record<string, unknown> = {};
  for (const [name, { otherwise }] of settings()) {
    const value = given[name] ?? otherwise?.(basis, so as unknown as OtherSettings);
    if (value !== undefined) so[name] = value;
  }
  return so as RunSettings;
}

/** @throws {UsageError} naming the option whose value does not fit the others. */
export function checkSettings(config: RunSettings & OtherSettings): void {
  for (const [name, of] of settings()) {
    const wrong = of.wrong?.(config[name], config);
    if (wrong !== undefined) throw new UsageError(`${optionOf(of)}: ${wrong}`);
  }
}
