import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Fault, Tally } from './run-target.js';
import { makeTargets } from './targets.js';

/** Processor milliseconds that one small file may take, and MiB that the process that reads it may hold. */
const MAX_MILLISECONDS = 1000;
const MAX_MEMORY = 1024;
/** Cases of one process: a leak, or a death, costs no more than these. */
const CASES_A_PROCESS = 10_000;

const USAGE = `npm run fuzz -- [--n 1000] [--seed 0] [--only target…] [--from 0] [--processes 1] [--write docs/reliability.md]

Reads n damaged or made-up files of every kind. Each must be read, or refused by an error of the reader's own kind that says what was
expected and what was found, within ${MAX_MILLISECONDS} ms of processor time and ${MAX_MEMORY} MiB, with no file left open.
To repeat one case: --only npz --from 4711 --n 1.`;

const { values } = parseArgs({
  options: {
    n: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '0' },
    from: { type: 'string', default: '0' },
    processes: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [] },
    write: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const count = (name: 'n' | 'seed' | 'from' | 'processes'): number => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0 && (value > 0 || name === 'seed' || name === 'from')) return value;
  console.error(`--${name}: expected a whole number, got ${values[name]}. Try --${name} 1000.`);
  process.exit(2);
};
const [n, seed, from, processes] = [count('n'), count('seed'), count('from'), count('processes')];
const names = (await makeTargets()).map(({ name }) => name);
const unknown = values.only.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`--only: expected one of ${names.join(', ')}, got ${unknown}. Name one of them.`);
  process.exit(2);
}

const started = performance.now();
const chosen = values.only.length > 0 ? names.filter((name) => values.only.includes(name)) : names;
const tallies: Tally[] = [];
const queue = [...chosen];
await Promise.all(
  Array.from({ length: processes }, async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const tally = await inProcesses(name);
      tallies.push(tally);
      console.log(`${tally.faults.length === 0 ? '✓' : '✗'} ${row(tally)}`);
      for (const { index, what } of tally.faults)
        console.log(`    ${what}\n    again: npm run fuzz -- --only '${name}' --seed ${seed} --from ${index} --n 1`);
    }
  }),
);
const faults = tallies.reduce((sum, tally) => sum + tally.faults.length, 0);
const total = tallies.reduce((sum, tally) => sum + tally.cases, 0);
const minutes = (performance.now() - started) / 60_000;
const summary = `${total.toLocaleString('en')} files, seed ${seed}, ${minutes.toFixed(0)} minutes on ${processes} of ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node.js ${process.versions.node}: ${faults} faults`;
console.log(summary);
if (values.write) writeTable(values.write);
process.exit(faults === 0 ? 0 : 1);

/** All cases of a target, some thousands to a process; where one dies, the case is put down and the next process goes on behind it. */
async function inProcesses(name: string): Promise<Tally> {
  let sum: Tally = {
    target: name,
    cases: 0,
    read: 0,
    refused: 0,
    faults: [],
    slowest: { milliseconds: 0, index: from },
    memory: 0,
  };
  for (let at = from; at < from + n && sum.faults.length < 20; ) {
    const to = Math.min(at + CASES_A_PROCESS, from + n);
    const { tally, last, death } = await child(name, at, to);
    if (tally) sum = add(sum, tally);
    if (death)
      sum = add(sum, { ...sum, cases: last + 1 - at, read: 0, refused: 0, faults: [{ index: last, what: death }] });
    at = death ? last + 1 : to;
  }
  return sum;
}

function child(name: string, at: number, to: number): Promise<{ tally?: Tally; last: number; death?: string }> {
  const file = fileURLToPath(new URL('./child.js', import.meta.url));
  const args = [file, name, String(seed), String(at), String(to), String(MAX_MILLISECONDS), String(MAX_MEMORY)];
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let last = at;
  let tally: Tally | undefined;
  let said = '';
  running.stderr.on('data', (data) => {
    said = `${said}${data}`.slice(-2000);
  });
  createInterface({ input: running.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    const message = JSON.parse(line) as { index?: number; tally?: Tally };
    if (message.index !== undefined) last = message.index;
    if (message.tally) tally = message.tally;
  });
  return new Promise((resolve) => {
    running.on('close', (code, signal) => {
      if (tally) resolve({ tally, last });
      else resolve({ last, death: `the process ended (${signal ?? code}) at this case or the 63 after it: ${said}` });
    });
  });
}

function add(a: Tally, b: Tally): Tally {
  return {
    target: a.target,
    cases: a.cases + b.cases,
    read: a.read + b.read,
    refused: a.refused + b.refused,
    faults: [...a.faults, ...b.faults] as readonly Fault[],
    slowest: b.slowest.milliseconds > a.slowest.milliseconds ? b.slowest : a.slowest,
    memory: Math.max(a.memory, b.memory),
  };
}

function row({ target, cases, read, refused, faults, slowest, memory }: Tally): string {
  const slow = `${slowest.milliseconds.toFixed(0)} ms (case ${slowest.index})`;
  return `${target.padEnd(18)} ${cases} cases, ${read} read, ${refused} refused, ${faults.length} faults, slowest ${slow}, ${memory.toFixed(0)} MiB`;
}

/** Puts the table between its marks in the page. */
function writeTable(path: string): void {
  const page = readFileSync(path, 'utf8');
  const [begin, end] = ['<!-- fuzz -->', '<!-- end fuzz -->'];
  const [start, stop] = [page.indexOf(begin), page.indexOf(end)];
  if (start < 0 || stop < start)
    throw new Error(`--write: expected ${path} to hold ${begin} … ${end}, got neither. Add both lines.`);
  const lines = [...tallies]
    .sort((a, b) => chosen.indexOf(a.target) - chosen.indexOf(b.target))
    .map(
      ({ target, cases, read, refused, faults: wrong, slowest, memory }) =>
        `| ${target} | ${cases} | ${read} | ${refused} | ${wrong.length} | ${slowest.milliseconds.toFixed(0)} ms | ${memory.toFixed(0)} MiB |`,
    );
  const table = [
    '| kind | files | read | refused | faults | slowest (processor time) | memory at most |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ];
  writeFileSync(
    path,
    `${page.slice(0, start + begin.length)}\n${summary}.\n\n${table.join('\n')}\n${page.slice(stop)}`,
  );
}
