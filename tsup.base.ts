import type { Options } from 'tsup';

/**
 * The one build recipe of every published package: ESM and CommonJS with types, dependencies left outside.
 *
 * @param entry - source files, one per row of the package's `exports`.
 */
export const library = (entry: Record<string, string>): Options => ({
  entry,
  format: ['esm', 'cjs'],
  dts: true,
  clean: true,
  target: 'node20',
  sourcemap: false,
  splitting: true,
  treeshake: true,
});
