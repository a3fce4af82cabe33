export { type LibtensorflowEngine, type LibtensorflowOptions, startLibtensorflow } from './start.js';
