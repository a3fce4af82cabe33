import os from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { suggest } from './nearest.js';
import { wholeNumber } from './whole-number.js';

/** What is known of an engine: what `@edm2/engine/names` says. */
export interface KnownEngineFacts {
  readonly trains: boolean;
  /** Devices that may be insisted on behind a colon. */
  readonly devices?: readonly string[];
  /** Why it is known by name and cannot be used. */
  readonly refused?: string;
}

/** Which engines a command has. */
export interface EngineOptionsOf {
  /** By name; undefined where nobody knows them: then any name is taken, and whoever starts it says what is wrong with it. */
  readonly engines: Readonly<Record<string, KnownEngineFacts>> | undefined;
  /** Engines that this command alone has. */
  readonly more?: readonly string[];
  /** Only those that can train. */
  readonly training?: boolean;
  readonly what?: string;
}

/** Threads for each core: more do nothing but wait for one another, and keep the process from hearing Ctrl-C. */
const THREADS_PER_CORE = 4;

/** Adds `--engine` and `--threads`. */
export function addEngineOptions(
  command: Command,
  { engines, more = [], training = false, what = 'what computes' }: EngineOptionsOf,
): Command {
  const cores = os.availableParallelism();
  const option = new Option('--engine <name>', what).default('auto');
  if (engines) {
    const usable = Object.entries(engines).filter(
      ([, { refused, trains }]) => refused === undefined && (trains || !training),
    );
    const named = usable.flatMap(([name, { devices = [] }]) => [name, ...devices.map((its) => `${name}:${its}`)]);
    // Help shows a device's colon once, not a line of names.
    const shown = usable.map(([name, { devices }]) => (devices ? `${name}[:${devices.join('|')}]` : name));
    const names = ['auto', ...more, ...named];
    option.choices(['auto', ...more, ...shown]).argParser((text) => parseEngine(text, names, engines[text]?.refused));
  }
  return command.addOption(option).option(
    '--threads <n>',
    'threads of the engine (default: all cores)',
    wholeNumber({
      most: THREADS_PER_CORE * cores,
      why: `this machine has ${cores} core${cores > 1 ? 's' : ''}, and more than ${THREADS_PER_CORE} threads a core wait for one another`,
    }),
  );
}

function parseEngine(text: string, names: readonly string[], refused: string | undefined): string {
  if (names.includes(text)) return text;
  throw new InvalidArgumentError(
    `Expected ${names.join(', ')}.${refused === undefined ? suggest(text, names) : ` ${text} cannot be used: ${refused}.`}`,
  );
}
