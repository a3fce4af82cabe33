import type { Meaning } from './call.js';
import { describe } from './describe.js';
import { PickleGlobal, PickleObject, type PickleValue } from './values.js';

/** Types of Python's own that files hold as values or as what a dictionary gives by default. */
const TYPES = [
  'object',
  'int',
  'float',
  'str',
  'bool',
  'bytes',
  'list',
  'tuple',
  'dict',
  'set',
  'frozenset',
  'complex',
];

/** Names of plain Python values: containers, numbers, and the call that objects of protocols 0 and 1 are made by. */
export const PYTHON_GLOBALS: readonly string[] = [
  ...['builtins', '__builtin__'].flatMap((module) => TYPES.map((type) => `${module}.${type}`)),
  ...['__builtin__.unicode', '__builtin__.long'],
  ...['copyreg._reconstructor', 'copy_reg._reconstructor'],
  ...['collections.OrderedDict', 'collections.defaultdict', 'collections.Counter', 'collections.deque'],
];

/** Python's and NVIDIA's dictionaries: Maps, whatever their class. */
const dictionary: Meaning = ([pairs], { fail, visit }) => {
  const map = new Map<PickleValue, PickleValue>();
  if (pairs === undefined) return map;
  visit(pairs instanceof Map ? pairs.size : Array.isArray(pairs) ? pairs.length : 0);
  if (pairs instanceof Map) return new Map(pairs);
  if (!Array.isArray(pairs))
    return fail('value', `expected a list of pairs, got ${describe(pairs)}. The file is damaged.`);
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2)
      return fail('value', `expected a pair, got ${describe(pair)}. The file is damaged.`);
    map.set(pair[0] as PickleValue, pair[1] as PickleValue);
  }
  return map;
};

/** `(what missing keys get, pairs)`: the pairs. */
const defaultDictionary: Meaning = ([, pairs], context) => dictionary(pairs === undefined ? [] : [pairs], context);

const set: Meaning = ([items = []], { fail, visit }) => {
  if (!Array.isArray(items) && !(items instanceof Set))
    return fail('value', `expected a list of items, got ${describe(items)}. The file is damaged.`);
  visit(items instanceof Set ? items.size : items.length);
  return new Set(items);
};

/** `(class, base, state)`: an object of protocol 0 or 1, whose own state follows. */
const reconstructor: Meaning = (args, { fail }) => {
  const [type, base, value] = args;
  if (!(type instanceof PickleGlobal) || !(base instanceof PickleGlobal))
    return fail('value', `expected a class, got ${describe(type)}. The file is damaged.`);
  return new PickleObject(type.name, value === null || value === undefined ? [] : [value], new Map());
};

/** What {@link PYTHON_GLOBALS} stand for; the others are values only, or keep their parts. */
export const PYTHON_MEANINGS: Readonly<Record<string, Meaning>> = {
  'collections.OrderedDict': dictionary,
  'collections.Counter': dictionary,
  'collections.defaultdict': defaultDictionary,
  'dnnlib.util.EasyDict': dictionary,
  'builtins.dict': dictionary,
  '__builtin__.dict': dictionary,
  'builtins.set': set,
  'builtins.frozenset': set,
  '__builtin__.set': set,
  '__builtin__.frozenset': set,
  'copyreg._reconstructor': reconstructor,
  'copy_reg._reconstructor': reconstructor,
};
