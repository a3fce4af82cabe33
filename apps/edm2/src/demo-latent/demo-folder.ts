import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import { makeFolder, writeFileAtomic } from '@edm2/tensor-files';

/** What a demonstration's folder keeps, `demo.json`: what was asked for, and what each of its trainings was found to have time for. */
export interface DemoRecord {
  readonly smoke: boolean;
  /** Minutes that the trainings may take, all together; 0: as many images as the size says. */
  readonly minutes: number;
  readonly seed: number;
  /** Durations in images, by training. */
  readonly durations: Record<string, number>;
}

const fileOf = (outdir: string): string => join(outdir, 'demo.json');

/** What the folder says; undefined for a new one. */
export async function readRecord(outdir: string): Promise<DemoRecord | undefined> {
  const text = await readFile(fileOf(outdir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const { smoke, minutes, seed, durations } = JSON.parse(text) as DemoRecord;
    if (
      typeof smoke === 'boolean' &&
      Number.isFinite(minutes) &&
      Number.isInteger(seed) &&
      typeof durations === 'object'
    )
      return { smoke, minutes, seed, durations };
  } catch {
    // Said below.
  }
  throw new UsageError(
    `${fileOf(outdir)}: expected a demonstration's settings, got something else. Choose another --outdir.`,
  );
}

/** Keeps what was found, before anything is made of it. */
export async function writeRecord(outdir: string, record: DemoRecord): Promise<void> {
  await makeFolder(outdir);
  await writeFileAtomic(fileOf(outdir), `${JSON.stringify(record, null, 2)}\n`);
}
