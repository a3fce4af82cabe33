import { Tensor } from '@tensorflow/tfjs-core';

/** A leaf that is no tensor: part of a compiled function's signature. */
export type Static = number | string | boolean | null | undefined | bigint;

/** The shape of a tree, with its tensor leaves replaced by their position in the flat list. */
export type Structure =
  | { readonly kind: 'tensor'; readonly index: number }
  | { readonly kind: 'static'; readonly value: Static }
  | { readonly kind: 'array'; readonly items: readonly Structure[] }
  | { readonly kind: 'record'; readonly entries: readonly (readonly [string, Structure])[] };

/** A tree taken apart. */
export interface Flat {
  readonly structure: Structure;
  readonly tensors: readonly Tensor[];
  /** Path of each tensor, such as `0.params.unet.out_gain`. */
  readonly paths: readonly string[];
  readonly places: readonly Place[];
}

/** Where a leaf hangs: the path of the record or array that holds it, and its name there. */
export interface Place {
  readonly container: string;
  readonly key: string;
}

/**
 * Takes a tree of tensors apart: records, arrays and nestings of them; numbers, strings, booleans, null and undefined are
 * static leaves.
 *
 * @param tree - the tree.
 * @param what - what it is, for the error.
 * @throws {TypeError} for a leaf that is neither (a function, a class instance, a typed array).
 */
export function flatten(tree: unknown, what: string): Flat {
  const tensors: Tensor[] = [];
  const paths: string[] = [];
  const places: Place[] = [];
  const visit = (node: unknown, path: string, place: Place): Structure => {
    if (node instanceof Tensor) {
      paths.push(path);
      places.push(place);
      return { kind: 'tensor', index: tensors.push(node) - 1 };
    }
    if (Array.isArray(node))
      return {
        kind: 'array',
        items: node.map((item, i) => visit(item, join(path, String(i)), { container: path, key: String(i) })),
      };
    if (isStatic(node)) return { kind: 'static', value: node };
    if (isRecord(node)) {
      return {
        kind: 'record',
        entries: Object.entries(node).map(([key, item]) => [
          key,
          visit(item, join(path, key), { container: path, key }),
        ]),
      };
    }
    throw new TypeError(
      `jit: expected ${what} to be tensors, numbers, text, or records and arrays of them, got ${describe(node)} at ` +
        `'${path}'. Wrap data with tf.tensor, and close over functions instead of passing them.`,
    );
  };
  return { structure: visit(tree, '', { container: '', key: '' }), tensors, paths, places };
}

/** Puts a tree together again around new leaves. */
export function unflatten<T>(structure: Structure, leaves: readonly T[]): unknown {
  if (structure.kind === 'tensor') return leaves[structure.index];
  if (structure.kind === 'static') return structure.value;
  if (structure.kind === 'array') return structure.items.map((item) => unflatten(item, leaves));
  return Object.fromEntries(structure.entries.map(([key, item]) => [key, unflatten(item, leaves)]));
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

const isStatic = (node: unknown): node is Static =>
  node === null || ['number', 'string', 'boolean', 'undefined', 'bigint'].includes(typeof node);

function isRecord(node: unknown): node is Record<string, unknown> {
  if (typeof node !== 'object' || node === null) return false;
  const prototype: unknown = Object.getPrototypeOf(node);
  return prototype === Object.prototype || prototype === null;
}

const describe = (node: unknown): string =>
  typeof node === 'function'
    ? `a function ${node.name}`
    : `a ${Object.getPrototypeOf(node)?.constructor?.name ?? typeof node}`;
