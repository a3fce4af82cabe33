import { describeGoldenSampling } from './golden-sampling.fixture.js';

describeGoldenSampling('unet-rgb-uncond');
