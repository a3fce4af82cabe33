import { engine, env } from '@tensorflow/tfjs-core';

/**
 * Runs a trace out of sight of `tf.profile` and of debug mode, which read what every kernel gives; both go on afterwards.
 */
export function unobserved<T>(run: () => T): T {
  const { state } = engine();
  const { profiling } = state;
  // Flags that others are worked out from are put back whole: what is worked out meanwhile would stay.
  const flags = env().getBool('DEBUG') ? { ...env().getFlags() } : undefined;
  state.profiling = false;
  if (flags !== undefined) env().setFlags({ ...flags, DEBUG: false });
  try {
    return run();
  } finally {
    state.profiling = profiling;
    if (flags !== undefined) env().setFlags(flags);
  }
}
