export { kindOf, known, type OptionNames } from './known.js';
export { nearestName } from './nearest-name.js';
