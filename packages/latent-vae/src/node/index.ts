export { fileRows } from './file-rows.js';
export { hashAutoencoder } from './hash-autoencoder.js';
export { describeAutoencoder, type LoadedAutoencoder, loadAutoencoder } from './load-autoencoder.js';
export { type LoadedAutoencoderTiny, loadAutoencoderTiny } from './load-autoencoder-tiny.js';
export { type AutoencoderFiles, locateAutoencoder } from './locate-autoencoder.js';
export { loadRawStatistics, type StatisticsOwner, saveRawStatistics } from './raw-statistics-file.js';
export { type SaveAutoencoderOptions, saveAutoencoder } from './save-autoencoder.js';
