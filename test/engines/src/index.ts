export { compare } from './compare.js';
export { describeEngines, ENGINES, type TestEngine } from './engines.js';
