import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from './goldens.js';
import type { Precision } from './plan.js';
import type { TrainProgress } from './train.js';

/** What a side did; a note says why it did not. */
export interface Measured {
  /** Of a call, many of them queued. */
  readonly ms?: number;
  readonly teraflops?: number;
  /** Of what the device could do at most. */
  readonly share?: number;
  /** Most that was in use on the device. */
  readonly bytes?: number;
  /** Milliseconds that the host needs for a call. */
  readonly host?: number;
  /** Share of the calls that found the device with nothing to do. */
  readonly idle?: number;
  /** Until the first two calls were done. */
  readonly seconds?: number;
  readonly note?: string;
}

/** One network, precision and batch, on all sides. */
export interface TimingRow {
  readonly net: string;
  readonly precision: Precision;
  readonly kind: 'step' | 'forward';
  readonly batch: number;
  readonly sides: Readonly<Record<string, Measured>>;
  readonly note?: string;
}

/** All that the script finds out, as far as it has come. */
export interface Results {
  readonly begun: string;
  machine: Record<string, unknown>;
  readonly goldens: (Check | { readonly note: string })[];
  readonly timings: TimingRow[];
  readonly training: (TrainProgress | { readonly note: string })[];
  seconds: number;
}

/** Goals of a row: at least as fast as torch.compile, and 0.95 of JAX. */
const GOALS: Readonly<Record<string, number>> = { 'PyTorch compile': 1, JAX: 0.95 };

/** Writes both files anew, whole or not at all. */
export function writeResults(folder: string, results: Results): void {
  const write = (name: string, text: string): void => {
    const path = join(folder, name);
    writeFileSync(`${path}.part`, text);
    renameSync(`${path}.part`, path);
  };
  write('results.json', `${JSON.stringify(results, null, 2)}\n`);
  write('results.md', markdown(results));
}

const number = (value: number | undefined, digits = 3): string =>
  value === undefined ? '–' : value >= 1000 ? value.toFixed(0) : value.toPrecision(digits);
const percent = (value: number | undefined): string => (value === undefined ? '–' : `${(100 * value).toFixed(1)} %`);

/** The results as a page. */
function markdown({ begun, machine, goldens, timings, training, seconds }: Results): string {
  return [
    `# bench gpu, ${begun}`,
    Object.entries(machine)
      .map(([name, value]) => `- ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join('\n'),
    '## Golden files',
    table(
      ['what', 'error', 'bound', ''],
      goldens.map((row) =>
        'note' in row
          ? [row.note, '–', '–', 'failed']
          : [
              row.what,
              row.error.toExponential(1),
              row.bound.toExponential(0),
              row.error <= row.bound ? 'ok' : 'FAILED',
            ],
      ),
    ),
    '## Times',
    'Milliseconds of a call, many of them queued. Ratio: theirs / ours. Idle: share of our calls that found the device with nothing to do.',
    table(
      [
        'work',
        'ours, ms',
        'JAX',
        'PyTorch eager',
        'PyTorch compile',
        'ratio to JAX',
        'to compile',
        'TFLOP/s',
        'of peak',
        'GiB, ours / JAX',
        'idle',
        'first calls, s',
        'notes',
      ],
      timings.map(timingCells),
    ),
    '## Training on MNIST at 32×32',
    table(
      ['images', 'seconds', 'images/s', 'loss', 'idle'],
      training.map((row) =>
        'note' in row
          ? [row.note, '–', '–', '–', '–']
          : [
              String(row.images),
              number(row.seconds),
              number(row.images / row.seconds),
              number(row.loss),
              percent(row.idle),
            ],
      ),
    ),
    `${seconds.toFixed(0)} s in all.\n`,
  ].join('\n\n');
}

function timingCells({ net, precision, kind, batch, sides, note }: TimingRow): string[] {
  const { ours } = sides;
  const ratio = (name: string): string => {
    const [mine, other] = [ours?.ms, sides[name]?.ms];
    if (mine === undefined || other === undefined) return '–';
    const value = other / mine;
    return `${value.toFixed(2)}${value >= (GOALS[name] ?? 0) ? '' : ' (missed)'}`;
  };
  const gib = (side: Measured | undefined): string =>
    number(side?.bytes === undefined ? undefined : side.bytes / 2 ** 30);
  const notes = Object.entries(sides).flatMap(([name, { note: why }]) =>
    why === undefined ? [] : [`${name}: ${why}`],
  );
  return [
    `${net}, ${kind}, ${precision}, batch ${batch}`,
    ...['ours', 'JAX', 'PyTorch eager', 'PyTorch compile'].map((name) => number(sides[name]?.ms)),
    ratio('JAX'),
    ratio('PyTorch compile'),
    number(ours?.teraflops),
    percent(ours?.share),
    `${gib(ours)} / ${gib(sides['JAX'])}`,
    percent(ours?.idle),
    number(ours?.seconds),
    [...(note === undefined ? [] : [note]), ...notes].join('; ').replaceAll('|', '/'),
  ];
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? 'not yet'
    : [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
