import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createProgram as datasetTool } from '../apps/dataset-tool/src/program.js';
import { COMMANDS } from '../apps/edm2/src/commands.js';
import { createProgram as evaluate } from '../apps/evaluate/src/program.js';
import { createProgram as train } from '../apps/train/src/program.js';
import { createProgram as fid } from '../packages/fid/src/node/cli/program.js';
import { createProgram as phema } from '../packages/phema/src/node/cli/program.js';
import { createProgram as libtensorflow } from '../packages/tfjs-libtensorflow/src/cli/program.js';
import { createProgram as xla } from '../packages/tfjs-xla/src/cli/program.js';

// Every command that a text names or a source prints exists, with the options it is given. What a reader types must work.

type Command = ReturnType<typeof train>;

const root = fileURLToPath(new URL('..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const silent = { out: () => {}, err: { write: () => true, isTTY: false }, signal: new AbortController().signal };
const trainer = train();
const programs: Record<string, Command> = {
  'edm2-train': trainer,
  'edm2-evaluate': evaluate('edm2-evaluate'),
  'edm2-dataset': datasetTool(),
  phema: phema(silent as unknown as Parameters<typeof phema>[0]),
  '@edm2/phema': phema(silent as unknown as Parameters<typeof phema>[0]),
  fid: fid(silent as unknown as Parameters<typeof fid>[0]),
  'tfjs-libtensorflow': libtensorflow(silent as unknown as Parameters<typeof libtensorflow>[0], {}),
  'tfjs-xla': xla(silent as unknown as Parameters<typeof xla>[0], {}),
};
/** Which program a script of the root runs. */
const behind: Record<string, string> = {
  phema: 'phema',
  evaluate: 'edm2-evaluate',
  dataset: 'edm2-dataset',
  libtensorflow: 'tfjs-libtensorflow',
  xla: 'tfjs-xla',
};
/** Stands for what a source fills in. */
const FILLED_IN = 'X';
/** What `npx` may be told to run that is not ours. */
const OTHERS = new Set(['changeset', 'pnpm', 'tsc']);
/** Options of npm itself, and what every command answers. */
const EVERYWHERE = new Set(['--help', '--version', '--']);

const texts = find(root, (name) => name.endsWith('.md') && name !== 'CHANGELOG.md');
const sources = ['packages', 'apps', 'bench/src', 'scripts'].flatMap((folder) =>
  find(join(root, folder), (name) => /\.(ts|mjs)$/.test(name) && !/\.(test|test-d|fixture)\.ts$/.test(name)),
);

describe.each([
  ['a text', texts, inText],
  ['a source', sources, inSource],
] as const)('commands that %s names', (_, files, commandsOf) => {
  const named = files.flatMap((file) =>
    commandsOf(readFileSync(file, 'utf8')).map((words) => [words.join(' '), file.slice(root.length), words] as const),
  );

  test('there are some', () => expect(named.length).toBeGreaterThan(20));

  test('exist, with their options', () => {
    const wrong = named.flatMap(([line, file, words]) => {
      const why = problem(words);
      return why === undefined ? [] : [`${file}: ${line}: ${why}`];
    });
    expect([...new Set(wrong)]).toEqual([]);
  });
});

test.each([
  ['a script that there is not', 'npm run phemma -- info', 'no script phemma'],
  ['a sub-command that there is not', 'npm run phema -- infos runs/mine', 'no sub-command infos'],
  ['an option that there is not', 'npm run evaluate -- generate --net x --girth 3', 'no option --girth'],
  ['an option of another sub-command', 'npx phema info --output x', 'no option --output'],
  ['a command that edm2 has not', 'npx edm2 paint --net x', 'no command edm2 paint'],
  ['an option that a command of edm2 has not', 'npx edm2 score gen --girth 3', 'no option --girth'],
])('the check notices %s', (_, line, why) => expect(problem(line.split(' '))).toBe(why));

/** What is wrong with a command, if anything. */
function problem(words: readonly string[]): string | undefined {
  const [first, second = '', ...rest] = words;
  if (first === 'npx') {
    if (OTHERS.has(second) || second === FILLED_IN) return undefined;
    if (second === 'edm2') return frontProblem(rest);
    const program = programs[second];
    return program ? mismatch(program, rest) : `no command ${second}`;
  }
  if (first === 'edm2') return frontProblem(words.slice(1));
  if (first !== 'npm') return first && programs[first] ? mismatch(programs[first], words.slice(1)) : undefined;
  if (second === 'start' || second === 'test') {
    const args = rest.filter((word) => word !== '--');
    if (second === 'test') return undefined;
    const own = args.some((word) => word.startsWith('--data'));
    return mismatch(trainer, own ? args : ['demo', ...args]);
  }
  if (second !== 'run') return undefined;
  const [script = '', ...args] = rest;
  if (script === FILLED_IN) return undefined;
  if (!(script in scripts)) return `no script ${script}`;
  const after = args[0] === '--' ? args.slice(1) : [];
  if (script === 'ladder' || script === 'small-data') return mismatch(trainer, [script, ...after]);
  if (script === 'edm2') return frontProblem(after);
  const program = programs[behind[script] ?? ''];
  return program ? mismatch(program, after) : undefined;
}

/** What is wrong with a command of `edm2`: each of them is one of another program, or all of one. */
function frontProblem([name = '', ...rest]: readonly string[]): string | undefined {
  if (name.startsWith('-') || name === 'help' || name === FILLED_IN || name === '') return undefined;
  if (!Object.hasOwn(COMMANDS, name)) return `no command edm2 ${name}`;
  if (name === 'train') return mismatch(trainer, rest);
  if (name === 'ladder') return mismatch(trainer, ['ladder', ...rest]);
  const whole = { dataset: 'edm2-dataset', phema: 'phema', fid: 'fid', engines: 'tfjs-libtensorflow' }[name];
  const program = programs[whole ?? 'edm2-evaluate'];
  return program && mismatch(program, whole ? rest : [name === 'score' ? 'metrics' : name, ...rest]);
}

/** Walks down the sub-commands that are named, then looks every option up. */
function mismatch(program: Command, words: readonly string[]): string | undefined {
  let command = program;
  let at = 0;
  for (; at < words.length && command.commands.length > 0; at++) {
    const word = words[at] ?? '';
    if (!/^[a-z][a-z-]*$/.test(word)) break;
    const next = command.commands.find((child) => child.name() === word);
    if (!next) return command.registeredArguments.length > 0 || word === 'help' ? undefined : `no sub-command ${word}`;
    command = next as Command;
  }
  for (const word of words.slice(at)) {
    const [name = ''] = word.split('=');
    if (!/^--[a-z][\w-]*$/i.test(name) || EVERYWHERE.has(name)) continue;
    const known = command.options.some(
      ({ long, negate }) => long === name || (!negate && long === name.replace(/^--no-/, '--')),
    );
    if (!known) return `no option ${name}`;
  }
  return undefined;
}

/** Commands of a Markdown text: in fences and indented blocks a line each, in `code` each its own. */
function inText(text: string): string[][] {
  const joined = text.replace(/\\\n\s*/g, ' ');
  const inline = [...joined.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  const lines = joined
    .split('\n')
    .filter((line) => /^(\s{4,}|[$>]\s*)?(npm|npx|edm2|edm2-[a-z]+|phema|fid) /.test(line));
  return [...lines, ...inline].flatMap(split);
}

/** Commands in the strings of a source; what is filled in is a word. */
function inSource(text: string): string[][] {
  const code = text
    .split('\n')
    .filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line))
    .join('\n');
  // Those that are put together of words: of what is filled in nothing is left.
  const built = [...code.matchAll(/siblingCommand\(\s*'(\w+)',\s*\[(.*?)\],?\s*\)/gs)].map(
    ([, name = '', list = '']) => [
      ...(name === 'start' ? ['npm', 'start'] : ['npm', 'run', name, '--']),
      ...[...list.matchAll(/'([^']*)'/g)].map(([, word = '']) => word),
    ],
  );
  return [...built, ...inStrings(code)];
}

function inStrings(code: string): string[][] {
  return [
    ...code.matchAll(
      /\b(?:npm (?:start|test|run) ?|npx |edm2-(?:train|evaluate|dataset) (?=--|[a-z]+ --|\$\{))[^`'"\\\n]*/g,
    ),
  ].flatMap(([found]) => split(found.replace(/\$\{[^}]*\}?/g, FILLED_IN)));
}

/** One list of words for each command of a line; comments, and the prose behind a sentence's end, are no part of it. */
function split(line: string): string[][] {
  return line
    .trim()
    .replace(/^[$>]\s*/, '')
    .split(/\s+#\s|\s{3,}|[,;:.)…](?:\s|$)/)[0]
    ?.split(/\s*(?:&&|\|)\s*/)
    .map((part) => part.replace(/^(?:[A-Z_]+=\S+ )+/, '').split(/\s+/))
    .filter(
      ([first = '', second = '']) => (first === 'npm' || first === 'npx' || first in programs) && second !== '',
    ) as string[][];
}

function find(folder: string, wanted: (name: string) => boolean): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (/^(node_modules|dist|runs|\..*)$/.test(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return find(path, wanted);
    return wanted(entry.name) ? [path] : [];
  });
}
