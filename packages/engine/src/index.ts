export type { EngineName, EngineReport } from './report.js';
export { startEngine } from './start.js';
