export type { Layout, Sharding, Split } from './engine/sharding.js';
export { lowerToStableHlo } from './lower-to-stablehlo.js';
export type { StableHloModule } from './lowering/model.js';
export type { DeviceMemory } from './native/client.js';
export { XlaError, XlaOutOfMemoryError } from './native/plugin.js';
export { type FindOptions, type FoundPlugin, findPlugins, type Kind } from './plugins/locate.js';
export { startXla, type XlaEngine, type XlaOptions } from './start.js';
