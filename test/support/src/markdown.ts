import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Runs all ```ts blocks of a Markdown file as one program, in a folder of its own that is gone afterwards.
 *
 * @param markdown - the file.
 * @param home - folder in which the program's imports are looked up: the package whose dependencies they are.
 * @returns everything that the program handed to console.log, in order.
 */
export async function runMarkdown(markdown: URL, home: URL): Promise<unknown[]> {
  const text = await readFile(markdown, 'utf8');
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code ?? '');
  if (blocks.length === 0) throw new Error(`runMarkdown: expected a block of ts, got none in ${markdown}.`);
  // Not in the system's temporary folder: imports are resolved from where a module lies.
  const folder = await mkdtemp(join(fileURLToPath(home), '.markdown-'));
  const before = process.cwd();
  const { log } = console;
  const logged: unknown[] = [];
  try {
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
