import os from 'node:os';
import { wholeNumber } from '@edm2/command/whole-number';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { suggest } from './nearest.js';

/** What computes. */
export interface EngineChoice {
  readonly engine: string;
  readonly threads?: number;
}

/** Engines that a command can be asked for. */
const ENGINES: readonly string[] = ['auto', 'tensorflow-gpu', 'tensorflow', 'onnxruntime', 'wasm', 'cpu'];

/** Why engines that TensorFlow.js has are not among them. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['webgpu', 'in Node.js it gives values back asynchronously only, which these commands do not wait for'],
]);

/** Threads for each core: more do nothing but wait for one another, and keep the process from hearing Ctrl-C. */
const THREADS_PER_CORE = 4;

/** Adds `--engine` and `--threads`. `more`: engines that this command alone has; `but`: those that it cannot use. */
export function withEngineOptions(
  command: Command,
  {
    more = [],
    but = [],
    what = 'what computes',
  }: { more?: readonly string[]; but?: readonly string[]; what?: string } = {},
): Command {
  const names = [...ENGINES.slice(0, 1), ...more, ...ENGINES.slice(1)].filter((name) => !but.includes(name));
  const cores = os.availableParallelism();
  return command
    .addOption(
      new Option('--engine <name>', what)
        .choices(names)
        .default('auto')
        .argParser((text) => parseEngine(text, names)),
    )
    .option(
      '--threads <n>',
      'threads of the engine (default: all cores)',
      wholeNumber({
        most: THREADS_PER_CORE * cores,
        why: `this machine has ${cores} core${cores > 1 ? 's' : ''}, and more than ${THREADS_PER_CORE} threads a core wait for one another`,
      }),
    );
}

function parseEngine(text: string, names: readonly string[]): string {
  if (names.includes(text)) return text;
  const why = REFUSED.get(text);
  throw new InvalidArgumentError(
    `Expected ${names.join(', ')}.${why === undefined ? suggest(text, names) : ` ${text} cannot be used: ${why}.`}`,
  );
}
