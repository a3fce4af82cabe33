import type { Optimizer, Tensor } from '@tensorflow/tfjs-core';
import type { Engine, Executable } from './engine.js';
import type { Signature } from './signature.js';
import { optimizersOf } from './trace/seen.js';
import type { TracedCall } from './trace-call.js';

/** A function compiled for one signature, and for what else it depended on when it was traced. */
export interface Form extends TracedCall {
  readonly engine: Engine;
  readonly executable: Executable;
  readonly signature: Signature;
  /** The variables that the function assigns. */
  readonly assigns: ReadonlySet<Tensor>;
}

/** What is known of a function whose forms do not hold any more. */
export interface Former {
  /** Why the one that was used last does not. */
  readonly what: string;
  /** True when variables are to be read at every call, for one was assigned. */
  readonly live: boolean;
  /** True when they were constants until now: that ends once. */
  readonly settled: boolean;
  readonly optimizers: readonly Optimizer[];
}

/** Forms of one signature that are kept beside each other, as switches (`trainable`) are turned to and fro. */
const MAX_FORMS = 4;

/** The compiled forms of one function. */
export class Forms {
  /** By signature; the one used last comes first. */
  private readonly bySignature = new Map<string, Form[]>();

  get all(): Form[] {
    return [...this.bySignature.values()].flat();
  }

  /** How many signatures there are forms of. */
  get size(): number {
    return this.bySignature.size;
  }

  /** The form that holds now. */
  find(key: string): Form | undefined {
    const forms = this.bySignature.get(key);
    if (forms === undefined) return undefined;
    const found = forms.find(({ seen }) => seen.changed() === undefined);
    if (found !== undefined && found !== forms[0]) this.bySignature.set(key, [found, ...without(forms, found)]);
    return found;
  }

  /** What forms tell that do not hold; those that will not hold again are freed. */
  former(key: string): Former | undefined {
    const forms = this.bySignature.get(key);
    const [latest] = forms ?? [];
    if (forms === undefined || latest === undefined) return undefined;
    const live = forms.some((form) => form.live || form.seen.assigned());
    const what = latest.seen.changed()?.what ?? 'nothing';
    const kept = forms.filter(({ seen }) => seen.changed()?.reversible !== false);
    free(forms.filter((form) => !kept.includes(form)));
    if (kept.length === 0) this.bySignature.delete(key);
    else this.bySignature.set(key, kept);
    return { what, live, settled: live && !latest.live, optimizers: optimizersOf(latest.seen) };
  }

  add(key: string, form: Form): void {
    const forms = [form, ...(this.bySignature.get(key) ?? [])];
    free(forms.splice(MAX_FORMS));
    this.bySignature.set(key, forms);
  }

  dispose(): void {
    free(this.all);
    this.bySignature.clear();
  }
}

const without = (forms: readonly Form[], form: Form): Form[] => forms.filter((other) => other !== form);

function free(forms: readonly Form[]): void {
  for (const { executable } of forms) executable.dispose();
}
