import { explainFileError } from '@edm2/tensor-files';

/**
 * What a command prints of an error: the file system's in plain words, without the names of functions, which whoever typed the command has
 * never heard of, and with the command's name where no option or other subject stands at its head.
 *
 * @param error - what was thrown.
 * @param program - name of the command.
 */
export function commandMessage(error: unknown, program: string): string {
  const explained = explainFileError(error, { fn: program });
  const message = explained instanceof Error ? explained.message : String(explained);
  const text = message.replaceAll(FUNCTION, '$1');
  return text.startsWith('expected ') ? `${program}: ${text}` : text;
}

/** `readSafetensors: ` before `expected`, at the head of a line or behind a file's name. Commands' own words have no capitals in them. */
const FUNCTION = /(^\s*|: )(?:[a-z][a-z0-9]*[A-Z]\w*|[\w]+\.[\w.]+): (?=expected )/gm;
