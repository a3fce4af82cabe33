import { writeSync } from 'node:fs';
import { runTarget } from './run-target.js';
import { makeTargets } from './targets.js';

// Runs cases of one target in a process of its own: what a case does to the process is seen from outside.

const [name = '', seed = '0', from = '0', to = '0', maxMilliseconds = '1000', maxMemory = '1024'] =
  process.argv.slice(2);
const target = (await makeTargets()).find((each) => each.name === name);
if (!target) throw new Error(`fuzz: expected the name of a target, got ${name}.`);
const said = (line: unknown): number => writeSync(1, `${JSON.stringify(line)}\n`);
const tally = await runTarget(target, {
  seed: Number(seed),
  from: Number(from),
  to: Number(to),
  bounds: { maxMilliseconds: Number(maxMilliseconds), maxMemory: Number(maxMemory) },
  onCase: (index) => {
    if (index % 64 === 0 || index >= Number(to) - 64) said({ index });
  },
});
said({ tally });
