import { rmSync } from 'node:fs';
import { defineConfig } from 'tsup';
import { app } from '../../tsup.app.ts';
import { library } from '../../tsup.base.ts';

// Both write to dist: neither may clean it.
rmSync(new URL('dist/', import.meta.url), { recursive: true, force: true });

export default defineConfig([
  { ...library({ index: 'src/index.ts', parts: 'src/parts.ts' }), shims: true, clean: false },
  // The command is what apps/edm2 wires, bundled from sources: nothing of it is a dependency of this package.
  { ...app, entry: { cli: '../../apps/edm2/src/cli.ts' }, outDir: 'dist/command' },
]);
