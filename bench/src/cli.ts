// `npm run bench -- <name> [--json] [--write] [--only part…] [--rounds n]`; `gpu` is gpu/gpu.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { Bench } from './benches/bench.js';
import { busy } from './benches/busy.js';
import { convert } from './benches/convert.js';
import { engine } from './benches/engine.js';
import { fid } from './benches/fid.js';
import { layers } from './benches/layers.js';
import { memory } from './benches/memory.js';
import { models } from './benches/models.js';
import { phema } from './benches/phema.js';
import { step } from './benches/step.js';
import { vae } from './benches/vae.js';
import { describeMachine } from './machine.js';
import { nearest } from './nearest.js';
import { writeFigures } from './page.js';
import { writePictures } from './picture.js';
import { PAGE, PICTURES } from './places.js';
import type { Row } from './row.js';
import { textTable } from './table.js';

const benches: readonly Bench[] = [engine, busy, step, memory, layers, models, phema, vae, fid, convert];
const names = benches.map(({ name }) => name);
const WRONG_USAGE = 2;

interface Options {
  readonly json?: boolean;
  readonly write?: boolean;
  readonly rounds: number;
  readonly only?: string[];
}

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected an integer of at least 1.');
  return value;
};

function refuse(given: string, known: readonly string[]): void {
  const meant = nearest(given, known);
  console.error(
    `bench: expected ${known.join(' | ')}, got ${given}. ${meant ? `Did you mean ${meant}?` : 'Name a listed one.'}`,
  );
  process.exitCode = WRONG_USAGE;
}

async function run(name: string, { json = false, write = false, rounds, only = [] }: Options): Promise<void> {
  const bench = benches.find((candidate) => candidate.name === name);
  if (!bench) {
    refuse(name, names);
    return;
  }
  const unknown = only.find((part) => !bench.parts.includes(part));
  if (unknown !== undefined || (write && only.length > 0)) {
    if (unknown !== undefined) refuse(unknown, bench.parts);
    else console.error('bench: expected --write without --only, got both. The page holds whole tables.');
    process.exitCode = WRONG_USAGE;
    return;
  }
  // Progress goes to stderr, so that stdout is the table or the JSON and nothing else.
  const machine = await describeMachine();
  console.error(`${bench.title}\n${machine}\n`);
  const rows: Row[] = [];
  for await (const row of bench.rows({
    rounds,
    wants: (part) => only.length === 0 || only.includes(part),
  })) {
    rows.push(row);
    console.error(`  ${row.work}, ${row.peer}: ${row.ratio?.toFixed(2) ?? '–'} ${row.note}`);
  }
  console.log(json ? JSON.stringify(rows, null, 2) : `\n${bench.table?.(rows) ?? textTable(rows)}`);
  if (!write) return;
  for (const page of [PAGE, ...(bench.pages ?? [])])
    writeFileSync(page, writeFigures(readFileSync(page, 'utf8'), bench.name, machine, rows, bench.table));
  await writePictures(PICTURES, bench.name, rows);
}

await new Command('bench')
  .description('Times ours and a peer in turn; ratio = theirs / ours. Peers in Python: npm run bench:setup.')
  .argument('<name>', `${names.join(' | ')} | gpu (with options of its own: gpu --help)`)
  .option('--json', 'print the rows as JSON')
  .option('--write', 'put the figures into docs/benchmarks.md')
  .option('--only <parts...>', benches.map(({ name, parts }) => `${name}: ${parts.join(', ')}`).join('; '))
  .option('--rounds <n>', 'turns of each side', count, 7)
  .action(run)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : WRONG_USAGE))
  .parseAsync();
