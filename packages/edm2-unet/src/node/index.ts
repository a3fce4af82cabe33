export { type LoadedNetwork, loadNetwork } from './load-network.js';
export { type SaveNetworkOptions, saveNetwork } from './save-network.js';
