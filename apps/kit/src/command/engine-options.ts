import os from 'node:os';
import { wholeNumber } from '@edm2/command/whole-number';
import { ENGINE_NAMES, ENGINES, type EngineFacts } from '@edm2/engine/names';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { suggest } from './nearest.js';

/** What computes. */
export interface EngineChoice {
  readonly engine: string;
  readonly threads?: number;
}

const FACTS: Readonly<Record<string, EngineFacts>> = ENGINES;

/** Engines that a command can be asked for. */
const usable = (training: boolean): string[] =>
  ENGINE_NAMES.filter((name) => ENGINES[name].refused === undefined && (ENGINES[name].trains || !training));

/** Threads for each core: more do nothing but wait for one another, and keep the process from hearing Ctrl-C. */
const THREADS_PER_CORE = 4;

/** Adds `--engine` and `--threads`. `more`: engines that this command alone has; `training`: only those that can train. */
export function withEngineOptions(
  command: Command,
  {
    more = [],
    training = false,
    what = 'what computes',
  }: { more?: readonly string[]; training?: boolean; what?: string } = {},
): Command {
  const names = ['auto', ...more, ...usable(training)];
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
  const why = FACTS[text]?.refused;
  throw new InvalidArgumentError(
    `Expected ${names.join(', ')}.${why === undefined ? suggest(text, names) : ` ${text} cannot be used: ${why}.`}`,
  );
}
