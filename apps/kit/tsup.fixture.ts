import { defineConfig } from 'tsup';
import { app } from '../../tsup.app.ts';

// A command for the tests of how commands end: bundled as the apps are.
export default defineConfig({ ...app, entry: { fixture: 'src/command/supervise.fixture.ts' } });
