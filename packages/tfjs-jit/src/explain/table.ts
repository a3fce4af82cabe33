import { at } from '../kernels/spec.js';
import { costOf } from './cost.js';
import type { Call, Explained } from './explained.js';
import { busiest } from './memory.js';

/** Kinds of kernel calls that are printed. */
const ROWS = 20;
/** Lines of code that are printed. */
const LINES = 10;

interface Total {
  readonly time: number;
  readonly flops: number;
  readonly nodes: Set<unknown>;
}

/**
 * What a compiled function costs, as text: its memory, its costliest kernels with the TensorFlow.js op and the line that
 * asked for it, and the costliest lines.
 */
export function table(explained: Explained): string {
  const { signature, calls, measured, unattributed } = explained;
  const time = calls.reduce((sum, call) => sum + call.duration, 0);
  const kinds = totals(calls, ({ node }) => {
    const { dtype, shape } = at(node.outputs, 0);
    return `${node.kernel.padEnd(22)} tf.${node.op.padEnd(18)} ${`${dtype}[${shape}]`.padEnd(26)} ${short(node.source)}`;
  });
  const lines = totals(calls, ({ node }) => short(node.source));
  const row = ([key, { time: spent, flops, nodes }]: [string, Total]): string => {
    const clock = measured ? milliseconds(spent).padStart(10) : '';
    return `${share(spent, time).padStart(6)} ${`${nodes.size}×`.padStart(6)}${clock} ${millions(flops).padStart(10)}  ${key}`;
  };
  const count = new Set(calls.map((call) => call.node)).size;
  const how = measured ? `measured, ${milliseconds(time)} in all` : 'estimated from shapes';
  const columns = measured ? 'share, count, time, multiply-adds' : 'share, count, multiply-adds';
  return [
    signature,
    memoryLine(explained),
    `${count} kernels, ${how} (${columns}):`,
    ...kinds.slice(0, ROWS).map(row),
    ...(kinds.length > ROWS ? [`        and ${kinds.length - ROWS} kinds more`] : []),
    ...(unattributed > 0 ? [`        and ${milliseconds(unattributed)} in steps of the engine’s own`] : []),
    ...(lines.some(([line]) => line !== '') ? ['by line of code:', ...lines.slice(0, LINES).map(row)] : []),
  ].join('\n');
}

function totals(calls: readonly Call[], keyOf: (call: Call) => string): [string, Total][] {
  const found = new Map<string, Total>();
  for (const call of calls) {
    const key = keyOf(call);
    const { time = 0, flops = 0, nodes = new Set() } = found.get(key) ?? {};
    // A node that the engine runs as several steps computes its products once.
    const more = nodes.has(call.node) ? 0 : costOf(call.node).flops;
    found.set(key, { time: time + call.duration, flops: flops + more, nodes: nodes.add(call.node) });
  }
  return [...found].sort(([, a], [, b]) => b.time - a.time);
}

function memoryLine({ memory, moments }: Explained): string {
  const at = busiest(moments)?.node;
  const when = at === undefined ? '' : ` most of it at ${at.kernel}${at.source ? `, ${short(at.source)}` : ''};`;
  return (
    `peak memory ${mebibytes(memory.peak)}:${when} arguments ${mebibytes(memory.inputs)}, ` +
    `constants ${mebibytes(memory.constants)}, activations ${mebibytes(memory.activations)} ` +
    `(results ${mebibytes(memory.outputs)})`
  );
}

/** The last two steps of a path and the line. */
const short = (source: string | undefined): string =>
  (source ?? '').replace(/:\d+$/, '').split(/[/\\]/).slice(-2).join('/');
const share = (part: number, whole: number): string => `${((100 * part) / Math.max(1e-9, whole)).toFixed(1)}%`;
const millions = (flops: number): string => (flops === 0 ? '' : `${(flops / 1e6).toFixed(1)}M`);
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const milliseconds = (microseconds: number): string => `${(microseconds / 1000).toFixed(2)} ms`;
