import type { Tensor } from '@tensorflow/tfjs-core';
import type { Engine } from '../engine.js';
import type { Graph } from '../graph/graph.js';
import { describeSignature, type Lowered, type Signature } from '../lower-function.js';
import { readSlots } from '../trace/slot.js';
import { type Explained, explainGraph } from './explained.js';
import { table } from './table.js';
import { traceFile } from './trace-file.js';

/** Options of a compiled function's `explain`. */
export interface ExplainOptions<Args extends readonly unknown[] = readonly unknown[]> {
  /**
   * `'table'`: text for people. `'trace'`: JSON for a browser's profiler (chrome://tracing, ui.perfetto.dev, the
   * Performance panel). Default `'table'`.
   */
  readonly format?: 'table' | 'trace' | undefined;
  /** Explains the function for these arguments, which need not have been called with; nothing runs. */
  readonly args?: Args | undefined;
  /** Runs the function with `args` a few times, with a clock on every kernel. Donated arguments stay. For engines that can. */
  readonly measure?: boolean | undefined;
}

/** One signature to be explained. */
export interface ToExplain {
  readonly engine: Engine;
  readonly signature: Signature;
  /** The compiled graph, where the function has been compiled. */
  readonly graph?: Graph | undefined;
  /** The arguments' tensors, where they are to be run. */
  readonly tensors?: readonly Tensor[] | undefined;
  /** Traces and lowers once more, with the lines of code. */
  lower(): Lowered;
}

/** Explains compiled functions as text or as JSON. */
export function explain(all: readonly ToExplain[], format: ExplainOptions['format'] = 'table'): string {
  if (format !== 'table' && format !== 'trace') {
    throw new RangeError(`explain: expected format 'table' or 'trace', got '${format}'. Leave it out for a table.`);
  }
  const explained = all.map(explainOne);
  return format === 'trace' ? traceFile(explained) : explained.map(table).join('\n\n');
}

function explainOne({ engine, signature, graph: compiled, tensors, lower }: ToExplain): Explained {
  const text = describeSignature(signature);
  const format = engine.format ?? 'onnx';
  if (tensors === undefined && compiled !== undefined) {
    return explainGraph({ signature: text, graph: withSources(compiled, lower), format });
  }
  const { model, graph, slots } = lower();
  if (tensors === undefined) return explainGraph({ signature: text, graph, format });
  if (engine.profile === undefined) {
    throw new Error(
      `explain: expected an engine that measures, got ${engine.name}, which does not. Leave measure out for estimates.`,
    );
  }
  const read = readSlots(slots);
  try {
    const timings = engine.profile(model, [...tensors, ...read.tensors]);
    return explainGraph({ signature: text, graph, format, timings });
  } finally {
    read.end();
  }
}

/** The graph of a new trace; the compiled one where what the function closed over is gone by now. */
function withSources(compiled: Graph, lower: () => Lowered): Graph {
  try {
    return lower().graph;
  } catch {
    return compiled;
  }
}
