import { known } from '@edm2/options';
import type { FormCompiler } from '../compile-forms.js';
import type { CompileOptions, Engine, Plan } from '../engine.js';
import type { EngineFinder } from '../find-engine.js';
import type { Form, Forms } from '../forms.js';
import type { Graph } from '../graph/graph.js';
import { describeSignature, signatureOf } from '../signature.js';
import { optimizersOf } from '../trace/seen.js';
import { readSlots } from '../trace/slot.js';
import { type Flat, flatten } from '../tree.js';
import { type Explained, explainPlan } from './explained.js';
import type { MemoryPlan } from './memory.js';
import { table } from './table.js';
import { traceFile } from './trace-file.js';

/** Options of a compiled function's `explain`. */
export interface ExplainOptions<Args extends readonly unknown[] = readonly unknown[]> {
  /**
   * `'table'`: text for people. `'trace'`: JSON for a browser's profiler (chrome://tracing, ui.perfetto.dev, the
   * Performance panel). Default `'table'`.
   */
  readonly kind?: 'table' | 'trace' | undefined;
  /** @deprecated `kind`. Goes with 1.0. */
  readonly format?: 'table' | 'trace' | undefined;
  /** Explains the function for these arguments, which need not have been called with; nothing runs. */
  readonly args?: Args | undefined;
  /** Runs the function with `args` a few times, with a clock on every kernel. Donated arguments stay. For engines that can. */
  readonly measure?: boolean | undefined;
}

/** What can be asked of a compiled function. */
export interface Explainer<Args extends readonly unknown[]> {
  explain(options?: ExplainOptions<Args>): string;
  memory(...args: Args): MemoryPlan;
}

/** Answers what a compiled function costs: of its compiled forms, or of arguments that it has not been called with. */
export function explainer<Args extends readonly unknown[]>(
  forms: Forms,
  compiler: FormCompiler,
  engines: EngineFinder,
): Explainer<Args> {
  /** The forms as they are compiled, with lines of code where what the function closed over is still there. */
  const explainForm = (form: Form): Explained => {
    const { engine, signature } = form;
    let call: Pick<Form, 'graph' | 'options'> = form;
    try {
      const former = { live: form.live, optimizers: optimizersOf(form.seen) };
      call = compiler.trace(engine, signature, { former, sources: true });
    } catch {}
    return explainPlan({ signature: describeSignature(signature), plan: planOf(engine, call) });
  };

  const explainArguments = (engine: Engine, flat: Flat, measure: boolean): Explained => {
    const signature = signatureOf(flat);
    const call = compiler.trace(engine, signature, { sources: true });
    const text = describeSignature(signature);
    if (!measure) return explainPlan({ signature: text, plan: planOf(engine, call) });
    if (engine.profile === undefined) {
      throw new Error(
        `explain: expected an engine that measures, got ${engine.name}, which does not. Leave measure out for estimates.`,
      );
    }
    const read = readSlots(call.slots);
    try {
      const plan = engine.profile(call.graph, call.options, [...flat.tensors, ...read.tensors]);
      return explainPlan({ signature: text, plan, timings: plan.timings });
    } finally {
      read.end();
    }
  };

  return {
    explain(asked = {}) {
      const names = { kind: true, format: true, args: true, measure: true } as const;
      const { format = 'table', kind = format, args, measure = false } = known('explain', asked, names);
      if (args === undefined && measure)
        throw new RangeError('explain: expected args to measure with, got none. Pass { args: [...], measure }.');
      const render = rendering(kind);
      if (args === undefined) return render(forms.all.map(explainForm));
      return render([explainArguments(engines.required('explain'), flatten([...args], 'the arguments'), measure)]);
    },
    memory(...args) {
      const engine = engines.required('memory');
      const call = compiler.trace(engine, signatureOf(flatten([...args], 'the arguments')));
      return explainPlan({ signature: '', plan: planOf(engine, call) }).memory;
    },
  };
}

const planOf = (
  engine: Engine,
  { graph, options }: { readonly graph: Graph; readonly options: CompileOptions },
): Plan => engine.plan?.(graph, options) ?? { graph };

/** How explained functions are written. */
function rendering(kind: NonNullable<ExplainOptions['kind']>): (all: readonly Explained[]) => string {
  if (kind === 'trace') return traceFile;
  if (kind === 'table') return (all) => all.map(table).join('\n\n');
  throw new RangeError(`explain: expected kind 'table' or 'trace', got '${kind}'. Leave it out for a table.`);
}
