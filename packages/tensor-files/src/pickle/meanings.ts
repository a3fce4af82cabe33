import type { Meaning } from './call.js';
import { describe } from './describe.js';
import { NUMPY_MEANINGS } from './numpy.js';
import { TORCH_MEANINGS } from './torch.js';
import type { PickleValue } from './values.js';

/** Python's and NVIDIA's dictionaries: Maps, whatever their class. */
const dictionary: Meaning = ([pairs], { fail }) => {
  const map = new Map<PickleValue, PickleValue>();
  if (pairs === undefined) return map;
  if (!Array.isArray(pairs))
    return fail('value', `expected a list of pairs, got ${describe(pairs)}. The file is damaged.`);
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2)
      return fail('value', `expected a pair, got ${describe(pair)}. The file is damaged.`);
    map.set(pair[0] as PickleValue, pair[1] as PickleValue);
  }
  return map;
};

/** Every name that is more than its parts here. */
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  ...NUMPY_MEANINGS,
  ...TORCH_MEANINGS,
  'collections.OrderedDict': dictionary,
  'dnnlib.util.EasyDict': dictionary,
};
