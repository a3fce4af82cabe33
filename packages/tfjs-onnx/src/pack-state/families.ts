import { at, type StateLeaf, sizeOf, type Value } from '@edm2/tfjs-jit/graph';

/** One name and the state tensors of that name: a parameter, its moments, its averages. All have one size. */
export interface Member {
  readonly key: string;
  readonly size: number;
  /** By container. */
  readonly leaves: ReadonlyMap<string, StateLeaf>;
}

/** Members whose state hangs in the same records: what can be updated side by side. */
export interface Family {
  readonly containers: readonly string[];
  readonly members: readonly Member[];
}

/**
 * Groups state by name, and names by the records that they appear in.
 *
 * @param kind - only members whose outputs are of one kind, record by record, come into one family.
 */
export function families(
  state: readonly StateLeaf[],
  outputs: readonly Value[],
  kind: (output: Value) => string,
): Family[] {
  const byKey = new Map<string, StateLeaf[]>();
  for (const leaf of state) byKey.set(leaf.key, [...(byKey.get(leaf.key) ?? []), leaf]);
  const byContainers = new Map<string, { containers: string[]; members: Member[] }>();
  for (const key of [...byKey.keys()].sort()) {
    const leaves = [...(byKey.get(key) ?? [])].sort((a, b) => (a.container < b.container ? -1 : 1));
    const containers = leaves.map((leaf) => leaf.container);
    const sizes = new Set(leaves.map((leaf) => sizeOf(at(outputs, leaf.output).shape)));
    const distinct = new Set(containers).size === containers.length;
    const [size] = sizes;
    if (!distinct || sizes.size !== 1 || size === undefined || size === 0) continue;
    const id = leaves.map((leaf) => `${leaf.container}:${kind(at(outputs, leaf.output))}`).join('|');
    const family = byContainers.get(id) ?? { containers, members: [] };
    family.members.push({ key, size, leaves: new Map(leaves.map((leaf) => [leaf.container, leaf])) });
    byContainers.set(id, family);
  }
  return [...byContainers.values()];
}

/** A stretch of a family's members that is computed as one flat tensor. */
export interface Segment {
  readonly members: readonly Member[];
  readonly size: number;
}

/** Cuts a family into segments of about `limit` elements; a larger member is a segment of its own. */
export function segments(members: readonly Member[], limit: number): Segment[] {
  const made: Segment[] = [];
  let open: Member[] = [];
  let size = 0;
  const close = (): void => {
    if (open.length > 0) made.push({ members: open, size });
    open = [];
    size = 0;
  };
  for (const member of members) {
    if (size + member.size > limit) close();
    open.push(member);
    size += member.size;
  }
  close();
  return made;
}
