import { open } from 'node:fs/promises';
import { reconstructFiles } from '@edm2/phema/node';

/** What to reconstruct from which snapshots. */
export interface ReconstructJob {
  readonly files: string[];
  readonly output: string;
  readonly sigmaRels: number[];
  /** Default: as stored. */
  readonly dtype?: 'float32';
}

const READ_BYTES = 2 ** 22;

/** One reconstruction, and the most that this process has ever held, in MiB. */
export async function reconstruct({
  files,
  output,
  sigmaRels,
  dtype,
}: ReconstructJob): Promise<{ ms: number[]; maxRss: number }> {
  const start = performance.now();
  await reconstructFiles({ input: files, output, sigmaRels, dtype, overwrite: true });
  return { ms: [performance.now() - start], maxRss: process.resourceUsage().maxRSS / 1024 };
}

/** Reads files from begin to end into a buffer and forgets them: what no reader can beat. */
export async function readFiles(files: readonly string[]): Promise<{ ms: number[] }> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const start = performance.now();
  for (const path of files) {
    const file = await open(path);
    try {
      while ((await file.read(buffer, 0, READ_BYTES)).bytesRead > 0);
    } finally {
      await file.close();
    }
  }
  return { ms: [performance.now() - start] };
}
