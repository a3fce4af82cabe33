import { UsageError } from '@edm2/command/errors';
import { switchesOf } from '@edm2/edm2-unet';
import type { CommandOptions } from './command-options.js';
import type { RunConfig } from './run-config.js';
import { optionOf } from './setting.js';
import { type SettingName, settings } from './settings.js';

/** What `--resume` does with one value of a run's configuration. */
interface OnResume {
  /** Option that sets it. */
  readonly option: string;
  /** Whether a continuation may have another one than the run was begun with. */
  readonly may: boolean;
}

const mayNot = (option: string): OnResume => ({ option, may: false });

/**
 * What a continuation may change: how long, how often something is written, where things are and what computes; never what is computed.
 * Of settings, the one table of them says it.
 */
export const ON_RESUME = {
  format: mayNot('the format of config.json'),
  preset: mayNot('--preset'),
  config: mayNot('--config'),
  // Where they are; that they are the same ones, the fingerprint says.
  data: { option: '--data', may: true },
  dataFingerprint: mayNot('the content of --data'),
  rampupMimg: mayNot('the ramp-up of --preset'),
  sigmaData: mayNot('the deviation of --data'),
  emaSigmaRels: mayNot('the tracked EMA lengths'),
  switches: mayNot('--switch'),
  network: mayNot('the network'),
  latents: mayNot('the latents of --data'),
  job: mayNot('--smoke'),
  ...(Object.fromEntries(
    settings().map(([name, of]) => [name, { option: optionOf(of), may: of.mayChange === true }]),
  ) as Record<SettingName, OnResume>),
} satisfies Readonly<Record<keyof RunConfig, OnResume>>;

const KEYS = Object.keys(ON_RESUME) as (keyof RunConfig)[];

/** Options that a continuation may change, as they are typed. */
export const CHANGEABLE: readonly string[] = KEYS.filter((key) => ON_RESUME[key].may).map(
  (key) => ON_RESUME[key].option,
);

const show = (value: unknown): string =>
  value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);

/** Whether a continuation may have `now` where the run was begun with `then`: held-out images of their own may have moved, a share of the data may not change. */
const mayBecome = (key: keyof RunConfig, then: unknown, now: unknown): boolean =>
  ON_RESUME[key].may || (key === 'validation' && typeof then === 'string' && typeof now === 'string');

/** Settings in which `given` asks for another run than `stored`, each with both values. */
export function differences(stored: RunConfig, given: RunConfig): string[] {
  return KEYS.filter(
    (key) => !mayBecome(key, stored[key], given[key]) && JSON.stringify(stored[key]) !== JSON.stringify(given[key]),
  ).map((key) => `${ON_RESUME[key].option} ${show(stored[key])} then, ${show(given[key])} now`);
}

/**
 * A run's settings as its continuation has them: those that it was begun with, and of those that are given again what may change.
 *
 * @param given - what was typed; undefined where nothing was.
 * @param outdir - for messages.
 * @throws {UsageError} naming every option that may not change, with both values.
 */
export function continuedConfig(stored: RunConfig, given: CommandOptions, outdir: string): RunConfig {
  const { preset, config } = given;
  const asked: Partial<Record<keyof RunConfig, unknown>> = {
    preset,
    config,
    ...Object.fromEntries(settings().map(([name]) => [name, given[name]])),
    ...(given.updates ? { magnitudes: true } : {}),
  };
  const wrong = KEYS.filter(
    (key) => asked[key] !== undefined && asked[key] !== stored[key] && !mayBecome(key, stored[key], asked[key]),
  ).map((key) => `${ON_RESUME[key].option} ${show(stored[key])} then, ${show(asked[key])} now`);
  wrong.push(...otherNetwork(stored, given));
  if (wrong.length > 0)
    throw new UsageError(
      `--resume: expected the settings that ${outdir} was begun with, got others (${wrong.join('; ')}). Leave them out, or train anew in another --outdir; what may change: ${CHANGEABLE.join(', ')}.`,
    );
  const changed = Object.entries(asked).filter(([, value]) => value !== undefined);
  return { ...stored, ...Object.fromEntries(changed) };
}

/** Options that set part of a setting. */
function otherNetwork({ config, network, switches, latents, job }: RunConfig, given: CommandOptions): string[] {
  const wrong: string[] = [];
  const compare = (option: string, then: unknown, now: unknown): void => {
    if (now !== undefined && JSON.stringify(then) !== JSON.stringify(now))
      wrong.push(`${option} ${show(then)} then, ${show(now)} now`);
  };
  const sides = (list: readonly number[] | undefined) => list && (list.length > 0 ? list.join(',') : 'none');
  compare('--attn-resolutions', sides(network.attnResolutions), sides(given.attnResolutions));
  compare('--channels', network.modelChannels, given.channels);
  compare('--resolution', network.imgResolution, given.resolution);
  compare('--cond', network.labelDim > 0, given.cond);
  compare('--posterior', latents?.posterior, given.posterior);
  for (const [name, value] of Object.entries(given.switch ?? {})) {
    const then = switches?.[name] ?? (switchesOf(config) as Record<string, unknown>)[name];
    compare('--switch', `${name}=${then}`, `${name}=${value}`);
  }
  if (given.smoke && job !== 'main-smoke') wrong.push('--smoke none then, given now');
  return wrong;
}
