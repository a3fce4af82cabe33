import { defineConfig } from 'tsup';
import { app } from '../../tsup.app.ts';

export default defineConfig(app);
