export { startForSampling as engineFor } from 'edm2/parts';
