export { compare } from './compare.js';
export { describeEngines, ENGINES, type TestEngine } from './engines.js';
export { type Compile, describeWays, WAYS, type Way } from './ways.js';
