import { findPlugins } from './plugins/locate.js';

/** The plugin that tests run on; undefined where none is installed. */
export const CPU_PLUGIN = findPlugins().find(({ kind }) => kind === 'cpu');

/** What a skipped suite is called. */
export const IF_INSTALLED = CPU_PLUGIN === undefined ? 'skipped: not installed: npx tfjs-xla install --cpu' : 'present';
