import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { brokenFiles, leftovers } from './files.js';
import { type Ending, type Faults, isInWords, lastWords, run } from './run-command.js';
import type { Subject } from './subject.js';

/** A subject whose undisturbed work is known. */
export interface Known {
  readonly subject: Subject;
  readonly folder: string;
  readonly results: ReadonlyMap<string, string>;
  /** Of the undisturbed work. */
  readonly seconds: number;
  /** File operations of the undisturbed work. */
  readonly operations: number;
}

/** What a torment found. */
export interface Tally {
  readonly torment: string;
  readonly subject: string;
  /** How often something was done to it, by what was done. */
  readonly done: Readonly<Record<string, number>>;
  /** Pieces of work that were brought to their end, and compared. */
  readonly trials: number;
  readonly faults: readonly string[];
}

/** Does the work undisturbed. */
export async function know(subject: Subject, folder: string): Promise<Known> {
  await mkdir(folder, { recursive: true });
  await subject.prepare(folder);
  const dest = 'whole';
  const ending = await run(await subject.start(folder, dest), folder, { dest, count: true });
  if (ending.code !== 0) throw new Error(`${subject.name}, undisturbed, ended with ${lastWords(ending)}`);
  const counts = [...ending.printed.matchAll(/^operations (\d+)$/gm)].map(([, count]) => Number(count));
  return {
    subject,
    folder,
    results: await subject.results(folder, dest),
    seconds: ending.seconds,
    operations: Math.max(1, ...counts),
  };
}

/** Lets work that was disturbed come to its end, and compares what came out; what is wrong, in words. */
export async function finish({ subject, folder, results }: Known, dest: string, faults?: Faults): Promise<string[]> {
  let ending = await run(await subject.start(folder, dest), folder, faults);
  // Killed in its last moments, it was done: the next attempt says so, and tidies up.
  if (ending.code !== 0 && /which is there already/.test(ending.printed))
    ending = await run(await subject.start(folder, dest), folder, faults);
  if (ending.code !== 0) return [`it did not go on: ${lastWords(ending)}`];
  const wrong = (await brokenFiles(join(folder, dest))).map((file) => `not whole: ${file}`);
  const found = await subject.results(folder, dest);
  for (const name of new Set([...results.keys(), ...found.keys()]))
    if (results.get(name) !== found.get(name))
      wrong.push(`${name} ${found.has(name) ? (results.has(name) ? 'differs' : 'should not be there') : 'is missing'}`);
  wrong.push(...(await leftovers(join(folder, dest))).map((name) => `left behind: ${name}`));
  // What is as it should be needs no keeping.
  if (wrong.length === 0) await rm(join(folder, dest), { recursive: true, force: true }).catch(() => {});
  return wrong;
}

/** What must hold after any ending. */
export async function afterwards({ folder }: Known, dest: string, ending: Ending): Promise<string[]> {
  const wrong = (await brokenFiles(join(folder, dest))).map((file) => `not whole after ${lastWords(ending)}: ${file}`);
  if (!isInWords(ending)) wrong.push(`not in words: ${lastWords(ending)}`);
  return wrong;
}
