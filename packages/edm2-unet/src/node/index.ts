export { type ConvertedSnapshot, type ConvertSnapshotOptions, convertSnapshot } from './convert-snapshot.js';
export { type LoadedNetwork, loadNetwork } from './load-network.js';
export { type SaveNetworkOptions, saveNetwork } from './save-network.js';
export { SNAPSHOT_LICENSE, SNAPSHOT_LICENSE_NOTICE } from './snapshot.js';
