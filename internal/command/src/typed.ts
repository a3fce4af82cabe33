import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { shellLine, shellWord } from './shell.js';

/** Set by the scripts of this repository: what was typed before a program's arguments, such as `npm run evaluate --`. */
export const TYPED_VARIABLE = 'EDM2_TYPED';

/** Commands of this family: npm's script in the repository, the file that it runs, and the name where they are installed. */
const PROGRAMS = {
  start: { script: ['start.mjs'], installed: 'edm2-train' },
  ladder: { script: ['ladder.mjs'], installed: 'edm2-train ladder' },
  evaluate: { script: ['command.mjs', 'evaluate'], installed: 'edm2-evaluate' },
  dataset: { script: ['command.mjs', 'dataset-tool'], installed: 'edm2-dataset' },
  phema: { script: ['command.mjs', 'phema'], installed: 'phema' },
  fid: { script: ['command.mjs', 'fid'], installed: 'fid' },
  libtensorflow: { script: ['command.mjs', 'tfjs-libtensorflow'], installed: 'tfjs-libtensorflow' },
} as const;

/** What a process was started with: a test gives others. */
export interface StartedAs {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `process.argv`. */
  readonly argv: readonly string[];
  readonly cwd: string;
}

const thisProcess = (): StartedAs => ({ env: process.env, argv: process.argv, cwd: process.cwd() });

/**
 * The command that was typed, with other arguments: it can be pasted where this one was.
 *
 * @param args - after the program's name and what a script puts there by itself.
 * @param subcommand - which one that script runs; typed where no script did.
 */
export function ownCommand(
  args: readonly string[],
  { subcommand, started = thisProcess() }: { subcommand?: string | undefined; started?: StartedAs } = {},
): string {
  const typed = started.env[TYPED_VARIABLE];
  // npm's `--` is for what follows.
  if (typed) return args.length > 0 ? `${typed} ${shellLine(args)}` : typed.replace(/ --$/, '');
  return [program(started), ...(subcommand ? [subcommand] : []), ...args.map(shellWord)].join(' ');
}

/** The command of another program of this family, as it can be run from here. */
export function siblingCommand(
  name: keyof typeof PROGRAMS,
  args: readonly string[],
  started: StartedAs = thisProcess(),
): string {
  const { script, installed } = PROGRAMS[name];
  const root = workspaceOf(started);
  const words = args.map(shellWord);
  if (root === undefined) return [installed, ...words].join(' ');
  if (root === started.cwd)
    return [name === 'start' ? 'npm start' : `npm run ${name}`, ...(words.length > 0 ? ['--', ...words] : [])].join(
      ' ',
    );
  const [file, ...its] = script;
  return [shellLine(['node', relative(started.cwd, join(root, 'scripts', file)), ...its]), ...words].join(' ');
}

/** What stands for the program: its name where the shell finds it, `npx` where that has started it, else the script. */
function program({ env, argv, cwd }: StartedAs): string {
  const script = argv[1];
  if (script === undefined) return 'node';
  const name = basename(script).replace(/\.[cm]?js$/, '');
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && isSame(join(folder, name), script));
  // npm puts node_modules/.bin on the path of what it starts, not on that of the shell.
  if (env['npm_command'] === 'exec') return `npx ${name}`;
  if (onPath && env['npm_lifecycle_event'] === undefined) return name;
  return shellLine(['node', relative(cwd, script)]);
}

function isSame(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

/** The repository that the program is part of; undefined for one that was installed. */
function workspaceOf({ argv }: StartedAs): string | undefined {
  let folder = dirname(argv[1] === undefined || !existsSync(argv[1]) ? process.cwd() : realpathSync(argv[1]));
  for (; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'scripts', 'command.mjs')) && existsSync(join(folder, 'pnpm-workspace.yaml')))
      return folder;
    if (dirname(folder) === folder) return undefined;
  }
}
