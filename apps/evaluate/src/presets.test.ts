import { expect, test } from 'vitest';
import { evaluationPreset, evaluationPresets } from './presets.js';

test('every published setting is there', () => {
  // ImageNet-512: 6 sizes × FID and FD_DINOv2, plain and guided; ImageNet-64: 4; autoguidance: 3; interval: 1.
  expect(Object.keys(evaluationPresets)).toHaveLength(6 * 2 * 2 + 4 + 3 + 1);
});

test.each([
  ['edm2-img512-xs-fid', 'edm2-img512-xs-2147483-0.135.pkl', undefined, 3.53],
  ['edm2-img512-l-dino', 'edm2-img512-l-1879048-0.155.pkl', undefined, 52.25],
  ['edm2-img512-xxl-guid-fid', 'edm2-img512-xxl-0939524-0.015.pkl', 'edm2-img512-xs-uncond-2147483-0.015.pkl', 1.81],
  ['edm2-img64-s-fid', 'edm2-img64-s-1073741-0.075.pkl', undefined, 1.58],
  ['edm2-img64-s-autog-fid', 'edm2-img64-s-1073741-0.045.pkl', 'edm2-img64-xs-0134217-0.110.pkl', 1.01],
  ['edm2-img512-xxl-autog-fid', 'edm2-img512-xxl-0939524-0.075.pkl', 'edm2-img512-m-0268435-0.155.pkl', 1.25],
])('%s names the published files and score', (name, net, gnet, value) => {
  const preset = evaluationPreset(name);
  expect(preset.net).toBe(net);
  expect(preset.gnet).toBe(gnet);
  expect(preset.expected.value).toBe(value);
});

test('guided presets have a weight and a guiding network, or neither', () => {
  for (const [name, { gnet, guidance }] of Object.entries(evaluationPresets))
    expect(gnet === undefined, name).toBe(guidance === undefined);
});

test('a name that is none gets the nearest', () => {
  expect(() => evaluationPreset('edm2-img512-xxl-guid-fidd')).toThrow(/Did you mean edm2-img512-xxl-guid-fid\?/);
  expect(() => evaluationPreset('toString')).toThrow(/--preset/);
});
