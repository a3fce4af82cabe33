import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/app-kit/command/errors';

/** Over the features of one half of the network at one resolution. */
interface Magnitude {
  readonly max: number;
  readonly mean: number;
}

/** A line of a run's `magnitudes.jsonl`; buckets are named `enc 16`, `dec 8`. */
export interface MagnitudeLine {
  readonly nimg: number;
  readonly activations: Readonly<Record<string, Magnitude>>;
  readonly weights: Readonly<Record<string, Magnitude>>;
  readonly updates?: Readonly<Record<string, number | null>>;
}

/** @throws {UsageError} when the run recorded none. A last line that was cut off is left out. */
export async function readMagnitudes(run: string): Promise<MagnitudeLine[]> {
  const text = await readFile(join(run, 'magnitudes.jsonl'), 'utf8').catch((cause: unknown) => {
    throw new UsageError(
      `magnitudes: expected the folder of a run with magnitudes.jsonl, got ${run}. Train with --magnitudes, or name a config's folder of a ladder.`,
      { cause },
    );
  });
  const lines = text.split('\n').flatMap((line): MagnitudeLine[] => {
    try {
      return line ? [JSON.parse(line)] : [];
    } catch {
      return [];
    }
  });
  if (lines.length === 0)
    throw new UsageError(
      `magnitudes: expected recorded ticks in ${run}, got none. Train for longer, or lower --status.`,
    );
  return lines;
}
