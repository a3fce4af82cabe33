import './quick-xla.js'; // before a plugin is opened

export { compare } from './compare.js';
export { describeEngines, ENGINES, type TestEngine } from './engines.js';
export { type TensorflowGraph, tensorflowGraph } from './tensorflow-graph.js';
export { type Compile, describeWays, WAYS, type Way } from './ways.js';
