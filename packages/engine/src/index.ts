export type { EngineName, EngineOptions, EngineReport } from './report.js';
export { startEngine } from './start.js';
