export { fromFileLayout, toFileLayout, toFileShape } from './layout.js';
export type { ParameterKind, ParameterSpec, StateDict, StateDictEntry } from './parameter-spec.js';
export { fromStateDict, toStateDict } from './state-dict.js';
