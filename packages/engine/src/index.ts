export {
  ENGINE_NAMES,
  ENGINES,
  type EngineFacts,
  type EngineName,
  engineNamesOf,
  type KnownEngine,
  parseEngineName,
} from './names.js';
export type { EngineOptions, EngineReport, Work } from './report.js';
export { startEngine } from './start.js';
