import type { Optimizer } from '@tensorflow/tfjs-core';
import { fieldsOf, optimizerName, type Watched } from './optimizer-fields.js';

/** Fields that a compiled function follows: the learning rate, as a number or as the tensor that SGD makes of it, and the count. */
const FOLLOWED: ReadonlySet<string> = new Set(['learningRate', 'c', 'iterations_', 'iterations']);

/** What a trace has seen of an optimizer. */
export interface SeenOptimizer {
  readonly optimizer: Optimizer;
  /** How many iterations it counted: as many more at every call. */
  readonly iterations: number;
  /** What its other fields held, which is in the trace for good. */
  readonly fields: readonly (readonly [name: string, value: unknown])[];
}

/** Counts the iterations of one call. */
export function countIterations(seen: readonly SeenOptimizer[]): void {
  for (const { optimizer, iterations } of seen) {
    const fields = fieldsOf(optimizer);
    if (iterations > 0) fields['iterations_'] = Number(fields['iterations_'] ?? 0) + iterations;
  }
}

/** The first field that is another one now than when it was traced. */
export const changedField = ({ optimizer, fields }: SeenOptimizer): string | undefined => {
  const now = fieldsOf(optimizer);
  const changed = fields.find(([name, value]) => !same(value, now[name]));
  return changed && `${optimizerName(optimizer)}.${changed[0]}`;
};

/** A variable of an optimizer lies in an entry of a list, beside its name. */
const held = (entry: unknown): unknown =>
  typeof entry === 'object' && entry !== null && 'variable' in entry ? entry.variable : entry;
const copied = (value: unknown): unknown => (Array.isArray(value) ? value.map(held) : value);
const same = (before: unknown, now: unknown): boolean =>
  Array.isArray(before)
    ? Array.isArray(now) && before.length === now.length && before.every((entry, i) => entry === held(now[i]))
    : Object.is(before, now);

/**
 * What was seen of an optimizer, at the end.
 *
 * @throws {Error} when it keeps what changes from step to step in numbers.
 */
export function seenOf({ optimizer, before, iterations, rateFrozen, open }: Watched): SeenOptimizer {
  const fields = fieldsOf(optimizer);
  const name = optimizerName(optimizer);
  if (open !== 0) {
    throw new Error(
      `jit: expected ${name} to multiply by its learning rate, got one that computes with it in JavaScript, where a new ` +
        'rate would not be seen. Apply the gradients outside the compiled function.',
    );
  }
  for (const [key, value] of Object.entries(before)) {
    const now = fields[key];
    if (typeof value !== 'number' || typeof now !== 'number' || Object.is(now, value)) continue;
    fields[key] = value;
    throw new Error(
      `jit: expected an optimizer that keeps what changes from step to step in variables, got ${name}.${key}, a number that ` +
        `went from ${value} to ${now}. Make it a tf.variable, or apply the gradients outside the compiled function.`,
    );
  }
  const kept = Object.keys(fields).filter((key) => !FOLLOWED.has(key) || (key === 'learningRate' && rateFrozen));
  return { optimizer, iterations, fields: kept.map((key) => [key, copied(fields[key])] as const) };
}
