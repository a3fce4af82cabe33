// Preloaded into a process under test (`signalSelf` of signal-self.ts): it sends itself a signal at the moment when it makes a file or
// adds to one. A test that watched from outside would have to be quicker than the process.
const fs = require('node:fs/promises');
const { syncBuiltinESMExports } = require('node:module');

const { signal, path, text, times } = JSON.parse(process.env.SIGNAL_SELF);
let left = times;

/** Sends the signal at the last of so many matches. */
const seen = (name, content = '') => {
  if (left === 0 || !new RegExp(path).test(String(name)) || !new RegExp(text).test(String(content))) return;
  left--;
  if (left === 0) process.kill(process.pid, signal);
};

for (const [name, target] of [
  ['rename', 1],
  ['open', 0],
  ['appendFile', 0],
]) {
  const original = fs[name];
  fs[name] = async (...words) => {
    const result = await original(...words);
    seen(words[target], name === 'appendFile' ? words[1] : '');
    return result;
  };
}
syncBuiltinESMExports();
