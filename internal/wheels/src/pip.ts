import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileName, type Wheel } from './wheel.js';

const run = promisify(execFile);

/** Ways to call pip, in the order tried. */
const COMMANDS: readonly (readonly string[])[] = [['pip'], ['pip3'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']];
/** Milliseconds that pip may take for one wheel. */
const TIMEOUT = 30 * 60_000;

/**
 * Fetches a wheel with pip, which knows proxies, certificates and keyrings that this package does not.
 *
 * @param folder - where to.
 * @returns the file's path; undefined when pip is not installed.
 * @throws {Error} with pip's last line when it fails.
 */
export async function downloadWithPip(
  wheel: Wheel,
  folder: string,
  { env = process.env, signal }: { env?: NodeJS.ProcessEnv; signal?: AbortSignal | undefined } = {},
): Promise<string | undefined> {
  for (const [command = '', ...before] of COMMANDS) {
    try {
      await run(command, [...before, ...pipArguments(wheel, folder)], {
        env,
        timeout: TIMEOUT,
        ...(signal && { signal }),
      });
      return join(folder, fileName(wheel));
    } catch (error) {
      signal?.throwIfAborted();
      const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
      if (code === 'ENOENT' || /No module named pip/.test(stderr)) continue;
      throw new Error(stderr.trim().split('\n').at(-1) || (error as Error).message, { cause: error });
    }
  }
  return undefined;
}

/** Arguments that make pip take exactly this file, whatever Python it belongs to. */
function pipArguments({ project, version, tags }: Wheel, folder: string): string[] {
  const [python = '', abi = '', platforms = ''] = tags.split('-');
  const implementation = python.slice(0, 2);
  return [
    ...['download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', folder],
    ...['--python-version', implementation === 'cp' ? python.slice(2) : '312'],
    ...['--implementation', implementation, '--abi', abi],
    ...platforms.split('.').flatMap((platform) => ['--platform', platform]),
    `${project}==${version}`,
  ];
}
