import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';

/** Writes some small pictures, two classes. */
export async function writeImages(
  folder: string,
  { count, side, channels = 1 }: { count: number; side: number; channels?: 1 | 3 },
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: side * side * channels }, (_, p) => (p * 7 + i * 13) % 256);
    await mkdir(join(folder, `class${i % 2}`), { recursive: true });
    await writeFile(
      join(folder, `class${i % 2}`, `${String(i).padStart(4, '0')}.png`),
      encode({ width: side, height: side, channels, depth: 8, data }),
    );
  }
}
