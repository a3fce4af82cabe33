import { runPhema } from './cli/program.js';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
process.once('SIGTERM', () => interrupted.abort(new Error('terminated')));
process.once('SIGHUP', () => interrupted.abort(new Error('terminal closed')));

// Not awaited at the top: CommonJS has no such thing.
void runPhema(process.argv.slice(2), {
  out: (text) => console.log(text),
  err: process.stderr,
  signal: interrupted.signal,
}).then((code) => {
  process.exitCode = code;
});
