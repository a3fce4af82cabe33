export { fromFileLayout, toFileLayout, toFileShape } from './layout.js';
export type { ParameterKind, ParameterSpec, Params, StateDict, StateDictEntry } from './parameter-spec.js';
export { fromStateDict, toStateDict } from './state-dict.js';
