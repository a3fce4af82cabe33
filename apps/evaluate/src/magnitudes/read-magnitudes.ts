import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonLines } from '@edm2/app-kit/files/json-lines';
import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { UsageError } from '@edm2/command/errors';

/** @throws {UsageError} when the run recorded none. A last line that was cut off is left out. */
export async function readMagnitudes(run: string): Promise<MagnitudeLine[]> {
  const text = await readFile(join(run, 'magnitudes.jsonl'), 'utf8').catch((cause: unknown) => {
    throw new UsageError(
      `magnitudes: expected the folder of a run with magnitudes.jsonl, got ${run}. Train with --magnitudes, or name a config's folder of a ladder.`,
      { cause },
    );
  });
  const lines = parseJsonLines<MagnitudeLine>(text);
  if (lines.length === 0)
    throw new UsageError(
      `magnitudes: expected recorded ticks in ${run}, got none. Train for longer, or lower --status.`,
    );
  return lines;
}
