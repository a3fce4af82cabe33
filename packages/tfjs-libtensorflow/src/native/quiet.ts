import { closeSync, openSync } from 'node:fs';
import { koffi } from '@edm2/native/koffi';

/**
 * Runs `fn` with the process's standard error closed off, unless the user has asked for TensorFlow's log by setting
 * TF_CPP_MIN_LOG_LEVEL. The library writes lines of its own while it is opened, before it heeds that setting.
 */
export function quietly<T>(fn: () => T): T {
  if (process.env['TF_CPP_MIN_LOG_LEVEL'] !== undefined) return fn();
  process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';
  const libc = koffi.load(null);
  const dup = libc.func('int dup(int)');
  const dup2 = libc.func('int dup2(int, int)');
  const sink = openSync('/dev/null', 'w');
  const kept: number = dup(2);
  dup2(sink, 2);
  try {
    return fn();
  } finally {
    dup2(kept, 2);
    closeSync(kept);
    closeSync(sink);
  }
}
