export { type LoadStateOptions, loadState, saveState } from './state-file.js';
