export type { EngineName, EngineOptions, EngineReport, Work } from './report.js';
export { startEngine } from './start.js';
