import { clone, dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Form } from './forms.js';
import { at } from './kernels/spec.js';
import { whileLent } from './lent.js';
import { promised } from './options.js';
import { countIterations } from './trace/seen-optimizer.js';
import { readSlots } from './trace/slot.js';
import { type Flat, flatten, type Structure, unflatten } from './tree.js';

/** Runs a compiled form; what the call consumes is the caller's to dispose. */
export function runForm(form: Form, { tensors }: Flat): unknown {
  const read = readSlots(form.slots);
  try {
    return resultOf(form, form.executable.run([...tensors, ...read.tensors]));
  } finally {
    read.end();
  }
}

/**
 * The same on a thread of the engine's own, where it has one; until that ends, nobody else gets what the call consumes or
 * assigns.
 *
 * @param given - what it consumes: disposed when it has ended well.
 */
export function runFormAsync(form: Form, { tensors }: Flat, given: readonly Tensor[]): Promise<unknown> | undefined {
  const { executable, slots, assigned } = form;
  if (executable.runAsync === undefined) return undefined;
  const read = readSlots(slots);
  const running = executable.runAsync([...tensors, ...read.tensors]).finally(read.end);
  return whileLent([...given, ...assigned], running).then((outputs) => {
    dispose([...given]);
    return resultOf(form, outputs);
  });
}

/** The result of a call as the function returns it; what the function assigns is assigned, what it counts is counted. */
function resultOf({ result, assigned, seen }: Form, outputs: readonly Tensor[]): unknown {
  const first = outputs.length - assigned.length;
  assigned.forEach((variable, i) => {
    const value = at(outputs, first + i);
    variable.assign(value);
    value.dispose();
  });
  countIterations(seen.optimizers);
  return unflatten(result, outputs.slice(0, first));
}

/** Without an engine: the function itself, op by op. Results that are arguments are cloned, as a compiled call would. */
export function runPlain<Args extends readonly unknown[]>(fn: (...args: Args) => unknown, flat: Flat): unknown {
  let result: Structure = { kind: 'static', value: undefined };
  const given = new Set<Tensor>(flat.tensors);
  const outputs = tidy(() => {
    const value = fn(...(unflatten(flat.structure, flat.tensors) as Args));
    if (value instanceof Promise) throw promised(value);
    const returned = flatten(value, 'the result of the function');
    result = returned.structure;
    return returned.tensors.map((tensor) => (given.has(tensor) ? clone(tensor) : tensor));
  });
  return unflatten(result, outputs);
}
