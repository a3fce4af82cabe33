import { findInstallations } from './install/locate.js';

/** The installed library that tests run on, if any. */
export const [installed] = findInstallations();

/** Adds to a test's name why it is skipped. */
export const named = (name: string): string =>
  installed === undefined ? `${name} (libtensorflow is not installed: npx tfjs-libtensorflow install)` : name;
