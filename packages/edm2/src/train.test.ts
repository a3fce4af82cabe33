import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { train } from 'edm2';
import { encode } from 'fast-png';
import { expect, test } from 'vitest';

// `train` starts the command that the build bundles with this package; apps/edm2 tests the same from the sources.
test.skipIf(!process.env['TEST_BUILT'])('trains with the command that comes along', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'edm2-train-'));
  const data = join(scratch, 'images');
  try {
    mkdirSync(data);
    for (let i = 0; i < 16; i++) {
      const pixels = Uint8Array.from({ length: 64 }, (_, p) => (p * 7 + i * 13) % 256);
      writeFileSync(join(data, `${i}.png`), encode({ width: 8, height: 8, channels: 1, depth: 8, data: pixels }));
    }
    const kinds: string[] = [];
    const small = { batch: 16, duration: 32, status: 16, engine: 'onnxruntime', threads: 1, preset: 'mnist' };
    for await (const { kind } of train({ data, outdir: join(scratch, 'run'), ...small })) kinds.push(kind);
    expect(kinds).toEqual(expect.arrayContaining(['start', 'status', 'snapshot', 'checkpoint']));
    expect(kinds.at(-1)).toBe('done');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
