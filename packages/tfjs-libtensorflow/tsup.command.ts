import { defineConfig } from 'tsup';
import { app } from '../../tsup.app.ts';

/** The command with the workspace packages that it needs in it, for a clone in which nothing is built: scripts/native-libraries.mjs runs it. */
export default defineConfig({ ...app, outDir: 'node_modules/.cache/command' });
