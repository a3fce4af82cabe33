import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { shellLine, shellWord } from './shell.js';

/** Set by the scripts of this repository: what was typed before a program's arguments, such as `npm run evaluate --`. */
export const TYPED_VARIABLE = 'EDM2_TYPED';

/** The command that has all the others in it. */
const FRONT = 'edm2';

/**
 * Commands of this family: npm's script in the repository, the file that it runs, the name where they are installed, and what they are
 * called in `edm2`.
 */
const PROGRAMS = {
  start: { script: ['start.mjs'], installed: 'edm2-train', front: ['train'] },
  ladder: { script: ['ladder.mjs'], installed: 'edm2-train ladder', front: ['ladder'] },
  evaluate: { script: ['command.mjs', 'evaluate'], installed: 'edm2-evaluate', front: [] },
  dataset: { script: ['command.mjs', 'dataset-tool'], installed: 'edm2-dataset', front: ['dataset'] },
  phema: { script: ['command.mjs', 'phema'], installed: 'phema', front: ['phema'] },
  fid: { script: ['command.mjs', 'fid'], installed: 'fid', front: ['fid'] },
  libtensorflow: { script: ['command.mjs', 'tfjs-libtensorflow'], installed: 'tfjs-libtensorflow', front: ['engines'] },
  xla: { script: ['command.mjs', 'tfjs-xla'], installed: 'tfjs-xla', front: ['engines', 'xla'] },
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
  const { script, installed, front } = PROGRAMS[name];
  const root = workspaceOf(started);
  const words = args.map(shellWord);
  if (root === undefined && nameOf(started) === FRONT)
    // What stands for the main job, which `npm start` is where no data are named.
    return [program(started), ...front, ...(name === 'start' && !namesData(args) ? ['demo'] : []), ...words].join(' ');
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
  const name = nameOf({ argv });
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && isSame(join(folder, name), script));
  // npm puts node_modules/.bin on the path of what it starts, not on that of the shell.
  if (env['npm_command'] === 'exec') return `npx ${name}`;
  if (onPath && env['npm_lifecycle_event'] === undefined) return name;
  return shellLine(['node', relative(cwd, script)]);
}

const namesData = (args: readonly string[]): boolean =>
  args.some((word) => word === '--data' || word.startsWith('--data='));

const nameOf = ({ argv }: Pick<StartedAs, 'argv'>): string => basename(argv[1] ?? '').replace(/\.[cm]?js$/, '');

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
