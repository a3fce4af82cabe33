import { countFlops, countParameters, createUNet, presets } from '@edm2/edm2-unet';
import { describe, expect, it } from 'vitest';

/** The loss-weighting head: 128 features to one output. The published counts of whole checkpoints include it. */
const HEAD = { parameters: [{ shape: [128, 1], kind: 'weight' }] };

describe('countParameters', () => {
  it.each([
    ['img512-xxs', 31_309_029],
    ['img512-xs', 124_713_253],
    ['img512-s', 280_212_837],
    ['img512-m', 497_807_781],
    ['img512-l', 777_498_085],
    ['img512-xl', 1_119_283_749],
    ['img512-xxl', 1_523_164_773],
    ['img64-xs', 124_710_949],
    ['img64-s', 280_209_381],
    ['img64-m', 497_803_173],
    ['img64-l', 777_492_325],
    ['img64-xl', 1_119_276_837],
  ] as const)('%s has %i with the loss-weighting head', (preset, count) => {
    const unet = createUNet(presets[preset].unet);
    expect(countParameters(unet, HEAD)).toBe(count);
    expect(countParameters(unet)).toBe(count - 128);
  });
});

/** S on 64×64×4 latents, 1000 classes: parameters, multiply-adds by kind, the paper's Gflops, the reference's own count of them. */
const AT_S = [
  ['A', 295_902_724, 103_426_818_048, 6_215_958_528, 28_932_096, 110.4, 110.34],
  ['B', 291_757_828, 99_198_959_616, 578_813_952, 28_932_096, 100.4, 100.27],
  ['C', 277_816_512, 99_206_037_504, 578_813_952, 15_218_688, 100.3, 100.09],
  ['D', 277_816_512, 99_206_037_504, 578_813_952, 15_218_688, 101.2, 101.2],
  ['E', 277_816_512, 99_206_037_504, 578_813_952, 15_218_688, 101.2, 101.2],
  ['F', 280_212_672, 100_225_253_376, 578_813_952, 14_628_864, 102.1, 102.15],
  ['G', 280_212_709, 100_225_253_376, 578_813_952, 14_628_864, 102.2, 102.23],
] as const;

describe.each(AT_S)('config %s at S', (config, parameters, conv, attention, linear, paper, reference) => {
  const unet = createUNet({ config, imgResolution: 64, imgChannels: 4, labelDim: 1000 });
  const flops = countFlops(unet);

  it('has the published parameters and multiply-adds', () => {
    expect(countParameters(unet)).toBe(parameters);
    expect(flops.multiplyAdds).toEqual({ conv, attention, linear, total: conv + attention + linear });
  });

  it('comes to the paper’s Gflops', () => {
    expect(Math.abs(flops.total / 1e9 - paper)).toBeLessThan(0.25);
    expect(Math.abs(flops.total / 1e9 - reference)).toBeLessThan(0.015);
  });

  it('adds up by layer', () => {
    const sum = Object.values(flops.byLayer).reduce((total, count) => total + count, 0);
    expect(sum).toBe(flops.total);
    expect(flops.byLayer['unet.out_conv']).toBe(192 * 4 * 9 * 64 * 64);
  });
});

// The further sizes of the paper’s Tables 2 and 3: within 0.4 %.
it.each([
  ['img512-xs', 45.5],
  ['img512-m', 180.8],
  ['img512-l', 282.2],
  ['img512-xl', 405.9],
  ['img512-xxl', 552.1],
] as const)('%s costs about %f Gflops', (preset, paper) => {
  expect(Math.abs(countFlops(createUNet(presets[preset].unet)).total / 1e9 / paper - 1)).toBeLessThan(0.004);
});
