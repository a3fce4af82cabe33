import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import type { Subject } from './subject.js';
import { encode, encodeFolder } from './subjects/encode.js';
import { convert, reconstruct, sweep } from './subjects/evaluate.js';
import { install } from './subjects/install.js';
import { ladder } from './subjects/ladder.js';
import { train } from './subjects/train.js';
import { tableOf } from './table.js';
import { clock } from './torments/clock.js';
import { full } from './torments/full.js';
import { killed } from './torments/kill.js';
import { memory } from './torments/memory.js';
import { readOnly } from './torments/read-only.js';
import { two } from './torments/two.js';
import { vanish } from './torments/vanish.js';
import { know, type Tally } from './trial.js';

const SUBJECTS: readonly Subject[] = [train, ladder, sweep, encode, encodeFolder, reconstruct, convert, install];
const TORMENTS = { full, 'read-only': readOnly, vanish, two, clock } as const;
type TormentName = keyof typeof TORMENTS | 'kill';
const NAMES: readonly TormentName[] = ['kill', 'full', 'read-only', 'vanish', 'two', 'clock'];

/** Kills of a training for one of any other command. */
const TRAINING_SHARE = 4;
/** How often anything else is done, for so many kills. */
const TIMES_SHARE = 5;

const USAGE = `npm run torture -- [--kills 100] [--seed 0] [--only NAME…] [--write docs/reliability.md] [--keep]

Torments commands and checks that their results are still equal to the last bit. It kills them at random moments (--kills times a training, a
quarter as often each other command), fills their disk, makes it read-only, takes their inputs away, starts them twice and sets the clock.
--only, which may be repeated, takes kinds and commands: ${[...NAMES, 'memory'].join(', ')}; ${SUBJECTS.map(({ name }) => name).join(', ')}.
Exit codes: 0 all held, 1 something did not, 2 wrong usage.`;

function wrongUsage(text: string): never {
  console.error(text);
  process.exit(2);
}

const options = {
  kills: { type: 'string', default: '100' },
  seed: { type: 'string', default: '0' },
  only: { type: 'string', multiple: true, default: [] as string[] },
  write: { type: 'string' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;
const { values } = (() => {
  try {
    return parseArgs({ options });
  } catch (error) {
    return wrongUsage(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
})();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const MAX_KILLS = 100_000;
const whole = (name: 'kills' | 'seed', least: number, most: number): number => {
  const value = Number(values[name]);
  if (values[name].trim() !== '' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  return wrongUsage(
    `--${name}: expected a whole number from ${least} to ${most}, got ${values[name]}. Try --${name} ${least}.`,
  );
};
const kills = whole('kills', 1, MAX_KILLS);
const seed = whole('seed', 0, Number.MAX_SAFE_INTEGER);
const subjects = SUBJECTS.map(({ name }) => name);
const unknown = values.only.find((name) => ![...NAMES, 'memory', ...subjects].includes(name));
if (unknown !== undefined)
  wrongUsage(
    `--only: expected one of ${[...NAMES, 'memory', ...subjects].join(', ')}, got ${unknown}. Name one of them.`,
  );
/** What of a list was chosen: all where none of it was named. */
const chosen = (list: readonly string[]): readonly string[] => {
  const named = list.filter((name) => values.only.includes(name));
  return named.length > 0 ? named : list;
};
const onlyMemory = values.only.length > 0 && values.only.every((name) => name === 'memory');

await tf.setBackend('cpu');
const started = performance.now();
const scratch = mkdtempSync(join(tmpdir(), 'edm2-torture-'));
const tallies: Tally[] = [];
const note = (tally: Tally): void => {
  tallies.push(tally);
  const done = Object.entries(tally.done).map(([what, count]) => `${count} × ${what}`);
  console.log(
    `${tally.faults.length === 0 ? '✓' : '✗'} ${tally.subject}, ${tally.torment}: ${[...done, `${tally.trials} trials`].join(', ')}`,
  );
  for (const fault of tally.faults) console.log(`    ${fault}`);
};

for (const subject of onlyMemory ? [] : SUBJECTS.filter(({ name }) => chosen(subjects).includes(name))) {
  const folder = join(scratch, subject.name.replaceAll(' ', '-'));
  const known = await know(subject, folder);
  console.log(`› ${subject.name}: ${known.seconds.toFixed(1)} s, ${known.operations} file operations undisturbed`);
  const own = subject === train ? kills : Math.ceil(kills / TRAINING_SHARE);
  const times = Math.ceil(own / TIMES_SHARE);
  for (const name of chosen(NAMES)) {
    if ((name === 'two' && !subject.locks) || (name === 'vanish' && subject.input === undefined)) continue;
    note(
      name === 'kill'
        ? await killed(known, { kills: own, seed })
        : await TORMENTS[name as keyof typeof TORMENTS](known, { times, seed }),
    );
  }
  await subject.dispose?.();
  if (!values.keep) rmSync(folder, { recursive: true, force: true });
}
if (values.only.length === 0 || values.only.includes('memory')) note(await memory(join(scratch, 'memory')));

const faults = tallies.reduce((sum, tally) => sum + tally.faults.length, 0);
const minutes = (performance.now() - started) / 60_000;
const summary = `--kills ${kills} --seed ${seed}, ${minutes.toFixed(0)} minutes on ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node.js ${process.versions.node}: ${faults} faults`;
console.log(summary);
if (values.keep || faults > 0) console.log(`everything is in ${scratch}`);
else rmSync(scratch, { recursive: true, force: true });
if (values.write) {
  const text = readFileSync(values.write, 'utf8');
  writeFileSync(
    values.write,
    text.replace(
      /(<!-- torture -->\n)[\s\S]*?(<!-- end torture -->)/,
      (_, begin, end) => `${begin}${tableOf(tallies, summary)}${end}`,
    ),
  );
}
process.exit(faults === 0 ? 0 : 1);
