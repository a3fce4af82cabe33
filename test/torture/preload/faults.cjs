// Preloaded into a command under test: something happens to it at one of its own file operations, however fast it or the machine is.
// TORTURE says what, as JSON: { dest, kill: { signal, at }, full: { at }, clock: seed, count }; `at` counts operations that change something
// below dest, and `count` tells at the end how many there were.
const fs = require('node:fs/promises');
const { syncBuiltinESMExports } = require('node:module');

const { dest, kill, full, clock, count: tell } = JSON.parse(process.env.TORTURE ?? '{}');
let count = 0;

/** Before an operation that changes something. */
function before(path, grows) {
  if (!String(path).includes(dest)) return;
  count++;
  if (kill && count === kill.at) process.kill(process.pid, kill.signal);
  if (full && grows && count >= full.at)
    throw Object.assign(new Error(`ENOSPC: no space left on device, write '${path}'`), {
      errno: -28,
      code: 'ENOSPC',
      syscall: 'write',
    });
}

if (dest !== undefined) {
  const { open } = fs;
  fs.open = async (path, flags = 'r', ...rest) => {
    const writes = flags !== 'r';
    if (writes) before(path, true);
    const handle = await open(path, flags, ...rest);
    if (!writes) return handle;
    for (const name of ['write', 'writev', 'writeFile', 'appendFile', 'sync', 'truncate']) {
      const original = handle[name].bind(handle);
      handle[name] = async (...words) => {
        before(path, name !== 'sync' && name !== 'truncate');
        return original(...words);
      };
    }
    return handle;
  };
  for (const [name, target, grows] of [
    ['rename', 1, false],
    ['appendFile', 0, true],
    ['writeFile', 0, true],
    ['mkdir', 0, true],
    ['rm', 0, false],
    ['rmdir', 0, false],
    ['truncate', 0, false],
  ]) {
    const original = fs[name];
    fs[name] = async (...words) => {
      before(words[target], grows);
      return original(...words);
    };
  }
  syncBuiltinESMExports();
  if (tell) process.on('exit', () => require('node:fs').writeSync(2, `operations ${count}\n`));
}

if (clock !== undefined) {
  // The clock is set forward and back, by up to a month, while the command runs.
  const Real = Date;
  let state = clock >>> 0;
  let calls = 0;
  let offset = 0;
  const now = () => {
    if (calls++ % 7 === 0) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      offset = ((state >>> 8) / 2 ** 24 - 0.5) * 2 * 30 * 24 * 3600 * 1000;
    }
    return Real.now() + Math.round(offset);
  };
  globalThis.Date = class extends Real {
    constructor(...words) {
      if (words.length === 0) super(now());
      else super(...words);
    }
    static now() {
      return now();
    }
  };
}
