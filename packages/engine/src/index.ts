export { ENGINE_NAMES, ENGINES, type EngineFacts, type EngineName, type KnownEngine } from './names.js';
export type { EngineOptions, EngineReport, Work } from './report.js';
export { startEngine } from './start.js';
