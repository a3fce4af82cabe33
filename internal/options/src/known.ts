import { nearestName } from './nearest-name.js';

/** The name of every option: the compiler demands each, and allows no other. */
export type OptionNames<T> = { readonly [K in keyof T]-?: true };

/**
 * Refuses what a function would not read: an options object with a key that is none of its options, or another kind of value in the
 * object's place, from which destructuring would take nothing but defaults.
 *
 * @param fn - the function's public name, for the error.
 * @param options - what the caller gave.
 * @param names - the options that there are.
 * @returns options, so that it can stand where they are destructured.
 * @throws {RangeError} naming the first unknown key, and the known one that it is most like.
 * @throws {TypeError} when options is no object.
 */
export function known<T extends object>(fn: string, options: T, names: OptionNames<T>): T {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`${fn}: expected an object of options, got ${kindOf(options)}. Pass ${sample(names)}.`);
  for (const key of Object.keys(options)) if (!Object.hasOwn(names, key)) refuse(fn, key, Object.keys(names));
  return options;
}

function refuse(fn: string, key: string, names: readonly string[]): never {
  const near = nearestName(key, names);
  const remedy = near === undefined ? 'Leave it out' : `Did you mean ${near}?`;
  const expected = names.length === 0 ? 'no options' : `options among ${names.join(', ')}`;
  throw new RangeError(`${fn}: expected ${expected}, got ${key}. ${remedy}${near === undefined ? '.' : ''}`);
}

/** What a value is, for an error: `number 5`, `an array`. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object') return 'an object';
  return value === undefined ? 'nothing' : `${typeof value} ${String(value)}`;
}

const sample = (names: object): string => {
  const [first] = Object.keys(names);
  return first === undefined ? 'nothing' : `{ ${first}: … }`;
};
