import type { Meaning } from './call.js';
import { NUMPY_MEANINGS } from './numpy.js';
import { PYTHON_MEANINGS } from './python.js';
import { TORCH_MEANINGS } from './torch.js';

/** Every name that is more than its parts here. */
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  ...PYTHON_MEANINGS,
  ...NUMPY_MEANINGS,
  ...TORCH_MEANINGS,
};
