export { type SampleOptions, type SamplerSettings, sampleAll, samplePixels } from 'edm2/parts';
