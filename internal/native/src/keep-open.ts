import { koffi } from './koffi.js';

const RTLD_NOW = 2;
const RTLD_NODELETE = 0x1000;
const isLinux = process.platform === 'linux';

/**
 * Opens a library and never closes it. koffi closes what it opened when Node ends, under the feet of the library's threads,
 * which ends the process with a fault.
 *
 * @returns why it does not open; undefined when it does.
 */
export function keepOpen(file: string): string | undefined {
  const c = koffi.load(null);
  // What RTLD_NODELETE is on macOS.
  const flags = RTLD_NOW | (isLinux ? RTLD_NODELETE : 0x80);
  const handle: unknown = c.func('void *dlopen(const char *, int)')(file, flags);
  return handle ? undefined : String(c.func('const char *dlerror()')());
}
