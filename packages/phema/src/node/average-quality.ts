import { OptionError } from './option-error.js';
import { MAX_PROFILE_ERROR, PROFILE_WARNING } from './select.js';
import { RECONSTRUCTED_KEY } from './snapshots.js';

/**
 * Judges an average by what reconstruction wrote in its metadata: one that was forced there must be forced again where it is used.
 *
 * @param fn - who uses it.
 * @param path - its file, for messages.
 * @returns what to be wary of; undefined: nothing, or the file is not a reconstruction.
 * @throws {OptionError} when its profile is off by more than `MAX_PROFILE_ERROR`, unless `force` is given.
 */
export function checkAverage(
  fn: string,
  path: string,
  metadata: Readonly<Record<string, string>>,
  { force = false }: { readonly force?: boolean | undefined } = {},
): string | undefined {
  const error = profileErrorOf(metadata[RECONSTRUCTED_KEY]);
  if (error === undefined || !(error > PROFILE_WARNING)) return undefined;
  const off = `${(100 * error).toPrecision(2)} %`;
  if (error > MAX_PROFILE_ERROR && !force)
    throw new OptionError(
      (option) =>
        `${fn}: expected an average of about the length in its name, got ${path}, whose profile is ${off} off. Reconstruct it at a stored time, or nearer to a tracked length; ${option('force')} uses it anyway.`,
    );
  return `${path} is only about the average that its name says: its profile is ${off} off`;
}

function profileErrorOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    const { profileError } = JSON.parse(text);
    return typeof profileError === 'number' ? profileError : undefined;
  } catch {
    return undefined;
  }
}
