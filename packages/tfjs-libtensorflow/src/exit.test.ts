import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'tsup';
import { expect, it } from 'vitest';
import { installed, named } from './installed.test-support.js';

const home = fileURLToPath(new URL('../', import.meta.url));

it.skipIf(installed === undefined)(named('a process that opened the library ends without a fault'), async () => {
  // Not in the system's temporary folder: koffi is resolved from where the program lies.
  const folder = await mkdtemp(join(home, '.exit-'));
  try {
    const source = `import { Runtime } from '../src/native/runtime.js';
      const settings = { threads: 1, gpu: false, memory: 'grow', index: 0 } as const;
      console.log(new Runtime(${JSON.stringify(installed?.file)}, settings).version);`;
    await writeFile(join(folder, 'program.ts'), source);
    await build({
      entry: [join(folder, 'program.ts')],
      format: 'esm',
      outDir: folder,
      config: false,
      silent: true,
      external: ['koffi'],
      outExtension: () => ({ js: '.mjs' }),
    });
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(folder, 'program.mjs')]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(stderr).toBe('');
  } finally {
    await rm(folder, { recursive: true });
  }
});
