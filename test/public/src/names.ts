import { expect } from 'vitest';

/** The functions of a module by how many arguments they list without a default; classes and values by their kind. */
export type Names = Readonly<Record<string, number | 'class' | 'object'>>;

/** Holds a module to the names that it promises: there, of that kind, and listing that many arguments. */
export function expectNames(module: object, names: Names): void {
  const found = Object.fromEntries(Object.keys(names).map((name) => [name, describe(Reflect.get(module, name))]));
  expect(found).toEqual(names);
}

function describe(value: unknown): unknown {
  if (typeof value !== 'function') return value === null ? undefined : typeof value;
  return /^class\b/.test(Function.prototype.toString.call(value)) ? 'class' : value.length;
}
