import { type Abstract, abstractOf } from './trace/trace.js';
import type { Flat, Structure } from './tree.js';

/** What a compiled function is specialised on: its arguments without their values. */
export interface Signature {
  readonly structure: Structure;
  readonly paths: readonly string[];
  readonly leaves: readonly Abstract[];
}

/** The signature of a call. */
export const signatureOf = ({ structure, paths, tensors }: Flat): Signature => ({
  structure,
  paths,
  leaves: tensors.map(abstractOf),
});

/** A signature for people: the arguments' tensors, the first few of them. */
export function describeSignature({ paths, leaves }: Signature): string {
  const shown = leaves.slice(0, 4).map(({ dtype, shape }, i) => `${paths[i]}: ${dtype}[${shape}]`);
  const more = leaves.length > 4 ? [`${leaves.length - 4} more`] : [];
  return `(${[...shown, ...more].join(', ')})`;
}

/** A signature as a key: equal exactly when one compiled function serves both. */
export function signatureKey({ structure, leaves }: Signature): string {
  const tensors = leaves.map(({ dtype, shape }) => `${dtype}${shape}`).join(';');
  return `${tensors}|${JSON.stringify(structure, exactStatics)}`;
}

/** Keeps apart what JSON writes alike: undefined, NaN, infinities, -0, bigint. */
const exactStatics = (_: string, value: unknown): unknown =>
  value === undefined ||
  typeof value === 'bigint' ||
  (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    ? `${typeof value}:${Object.is(value, -0) ? '-0' : value}`
    : value;
