import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonLines } from '@edm2/app-kit/files/json-lines';
import { writeFileAtomic } from '@edm2/tensor-files';
import { announce } from './announce.js';
import { append } from './append.js';
import type { ValidationLosses } from './validation/validation.js';

/** One status tick, one line of `log.jsonl`. */
export interface LogLine {
  /** Images seen. */
  readonly nimg: number;
  /** Mean of the loss map over the tick. */
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Since this process began to train. */
  readonly seconds: number;
  /** Resident memory of the process, in MB. */
  readonly memoryMB: number;
  /** Of the first average, with `--validation`: after each snapshot. */
  readonly validation?: ValidationLosses;
}

const path = (outdir: string): string => join(outdir, 'log.jsonl');

/** Adds a line; a whole line or nothing, as appends of this size are. */
export async function appendLog(outdir: string, line: LogLine): Promise<void> {
  await append(path(outdir), `${JSON.stringify(line)}\n`);
  announce({ kind: 'status', ...line });
}

/** All lines of a run. A last line that was cut off is left out. */
export async function readLog(outdir: string): Promise<LogLine[]> {
  return parseJsonLines(await readFile(path(outdir), 'utf8').catch(() => ''));
}

/** Drops what a killed run logged after its last training state, so that the resumed run does not log it twice. */
export const truncateLog = (outdir: string, nimg: number): Promise<void> => truncateLines(path(outdir), nimg);

/** {@link truncateLog} for any file of lines that say at how many images they were written. */
export async function truncateLines(file: string, nimg: number): Promise<void> {
  const lines = parseJsonLines<Pick<LogLine, 'nimg'>>(await readFile(file, 'utf8').catch(() => ''));
  const kept = lines.filter((line) => line.nimg <= nimg);
  await writeFileAtomic(file, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
