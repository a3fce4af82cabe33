import { defineConfig } from 'tsup';
import { app } from '../../tsup.app.ts';

/** Bundled from the workspace's sources, so that what is tried is the code as it stands. */
export default defineConfig({ ...app, entry: { cli: 'src/cli.ts', 'install-child': 'src/install-child.ts' } });
