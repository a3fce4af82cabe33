/** Leaves of kind `L` held in any nesting of arrays and records. */
export type Tree<L> = L | readonly Tree<L>[] | { readonly [name: string]: Tree<L> };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `leaf` over every leaf of a tree; the result has the tree's structure.
 *
 * @throws {TypeError} when something is neither a leaf, an array nor a record; the message names the path.
 */
export function mapTree<L, R>(
  fn: string,
  isLeaf: (value: unknown) => value is L,
  tree: Tree<L>,
  leaf: (value: L, path: string) => R,
): Tree<R> {
  const walk = (value: unknown, path: string): Tree<R> => {
    if (isLeaf(value)) return leaf(value, path) as Tree<R>;
    if (Array.isArray(value)) return value.map((child, i) => walk(child, `${path}[${i}]`));
    if (!isRecord(value))
      throw new TypeError(
        `${fn}: expected arrays and records of parameters, got ${String(value)} at ${path || 'the top'}. Leave other values out of the tree.`,
      );
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => [name, walk(child, path ? `${path}.${name}` : name)]),
    );
  };
  return walk(tree, '');
}

/** The leaves of a tree by their path, in the tree's order. */
export function leavesOf<L>(fn: string, isLeaf: (value: unknown) => value is L, tree: Tree<L>): Map<string, L> {
  const leaves = new Map<string, L>();
  mapTree(fn, isLeaf, tree, (value, path) => leaves.set(path, value));
  return leaves;
}

/** @throws {RangeError} when two sets of leaves differ in their names. */
export function assertSameNames(
  fn: string,
  expected: Iterable<string>,
  actual: { has(name: string): boolean; size: number },
): void {
  let count = 0;
  for (const name of expected) {
    count++;
    if (!actual.has(name))
      throw new RangeError(
        `${fn}: expected the tree that the average began with, got none at ${name}. Pass the same tree at every update.`,
      );
  }
  if (count !== actual.size)
    throw new RangeError(
      `${fn}: expected ${count} arrays as at the first update, got ${actual.size}. Pass the same tree at every update.`,
    );
}
