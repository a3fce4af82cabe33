export { guided, type OpenDenoiser, openDenoiser } from 'edm2/parts';
