import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The code of all blocks in one of `languages`, in order. */
export async function codeBlocks(markdown: URL, languages: readonly string[]): Promise<string[]> {
  const text = await readFile(markdown, 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, language = '', code = '']) =>
    languages.includes(language) ? [code] : [],
  );
}

/**
 * Runs all ```ts and ```js blocks of a Markdown file as one program, in a folder of its own that is gone afterwards.
 *
 * @param markdown - the file.
 * @param home - folder in which the program's imports are looked up: the package whose dependencies they are.
 * @param files - files and folders that the program finds beside it: their names there, and where they are.
 * @returns everything that the program handed to console.log, in order.
 */
export async function runMarkdown(
  markdown: URL,
  home: URL,
  files: Readonly<Record<string, string>> = {},
): Promise<unknown[]> {
  const blocks = await codeBlocks(markdown, ['ts', 'js']);
  if (blocks.length === 0) throw new Error(`runMarkdown: expected a block of ts or js, got none in ${markdown}.`);
  // Not in the system's temporary folder: imports are resolved from where a module lies.
  const folder = await mkdtemp(join(fileURLToPath(home), '.markdown-'));
  const before = process.cwd();
  const { log } = console;
  const logged: unknown[] = [];
  try {
    for (const [name, from] of Object.entries(files)) await cp(from, join(folder, name), { recursive: true });
    const program = join(folder, 'program.ts');
    await writeFile(program, `${blocks.join('')}\nexport {};\n`);
    process.chdir(folder);
    console.log = (...words: unknown[]) => void logged.push(...words);
    await import(/* @vite-ignore */ pathToFileURL(program).href);
    return logged;
  } finally {
    console.log = log;
    process.chdir(before);
    await rm(folder, { recursive: true });
  }
}

/** A command line of a Markdown file, and what the file shows below it. */
export interface ShownCommand {
  readonly words: string[];
  readonly output: string;
}

/**
 * The command lines of a program in the ```sh blocks (one a line) and the ```text blocks that begin with `$ ` of a Markdown
 * file. Comments and a leading `npx` are dropped; quotes are not understood.
 */
export async function shownCommands(markdown: URL, program: string): Promise<ShownCommand[]> {
  const lines = (await codeBlocks(markdown, ['sh'])).flatMap((code) => code.split('\n'));
  const sessions = (await codeBlocks(markdown, ['text'])).filter((code) => code.startsWith('$ '));
  const shown = [
    ...lines.map((line) => ({ line, output: '' })),
    ...sessions.map((code) => {
      const [first = '', ...rest] = code.split('\n');
      return { line: first.slice(2), output: rest.join('\n') };
    }),
  ];
  return shown
    .map(({ line, output }) => ({
      words: line
        .replace(/\s#.*$/, '')
        .trim()
        .split(/\s+/),
      output,
    }))
    .map(({ words, output }) => ({ words: words[0] === 'npx' ? words.slice(1) : words, output }))
    .filter(({ words }) => words[0] === program)
    .map(({ words, output }) => ({ words: words.slice(1), output }));
}
