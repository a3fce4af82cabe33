import { at } from '../kernels/spec.js';
import { costOf } from './cost.js';
import type { Call, Explained } from './explained.js';

/** One event of Chrome's trace event format; times in microseconds. */
type TraceEvent = Readonly<Record<string, unknown>>;

/** Kernel calls and the line that they came from, on one track: calls of one line in a row lie below it. */
const KERNELS = 1;

/**
 * What compiled functions cost as a file for a browser's profiler: `chrome://tracing`, ui.perfetto.dev, or the Performance
 * panel. One process a signature: kernel calls below the lines of code that asked for them, and the memory held.
 *
 * @returns JSON text in the trace event format.
 */
export function traceFile(all: readonly Explained[]): string {
  const traceEvents = all.flatMap((explained, i) => [...names(explained, i + 1), ...events(explained, i + 1)]);
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents });
}

function names({ signature, measured }: Explained, pid: number): TraceEvent[] {
  const times = measured ? 'measured' : 'estimated';
  return [
    { ph: 'M', name: 'process_name', pid, args: { name: `${signature}, ${times}` } },
    { ph: 'M', name: 'thread_name', pid, tid: KERNELS, args: { name: 'kernels' } },
  ];
}

function events({ calls, moments }: Explained, pid: number): TraceEvent[] {
  const held = new Map(moments.map(({ node, bytes }) => [node, bytes]));
  return runs(calls).flatMap((run) => {
    const first = at(run, 0);
    const last = at(run, run.length - 1);
    const { source } = first.node;
    const span = { pid, tid: KERNELS, ts: first.start, dur: last.start + last.duration - first.start };
    const line = source === undefined ? [] : [{ ...span, ph: 'X', cat: 'source', name: source }];
    return [...line, ...run.flatMap((call) => [kernel(call, pid), memory(call, held.get(call.node) ?? 0, pid)])];
  });
}

function kernel({ node, start, duration }: Call, pid: number): TraceEvent {
  const shapes = (values: typeof node.inputs): string[] => values.map(({ dtype, shape }) => `${dtype}[${shape}]`);
  const { flops } = costOf(node);
  return {
    ph: 'X',
    cat: 'kernel',
    name: node.kernel,
    pid,
    tid: KERNELS,
    ts: start,
    dur: duration,
    args: {
      op: `tf.${node.op}`,
      inputs: shapes(node.inputs),
      outputs: shapes(node.outputs),
      ...(flops > 0 && { multiplyAdds: flops }),
      ...(node.source !== undefined && { source: node.source }),
    },
  };
}

const memory = ({ start }: Call, bytes: number, pid: number): TraceEvent => ({
  ph: 'C',
  name: 'activations',
  pid,
  ts: start,
  args: { bytes },
});

/** Calls of one line that follow each other. */
function runs(calls: readonly Call[]): Call[][] {
  const made: Call[][] = [];
  for (const call of calls) {
    const open = made.at(-1);
    if (open !== undefined && at(open, 0).node.source === call.node.source) open.push(call);
    else made.push([call]);
  }
  return made;
}
