import { expect, test } from 'vitest';
import { describePreset, evaluationPreset, evaluationPresets } from './presets.js';

/** The papers' tables: score / σ_rel, and the weight where guided (2312.02696, Tables 2, 3, 5). */
const IMAGENET_512 = `
| | XS | S | M | L | XL | XXL |
| fid | 3.53 / .135 | 2.56 / .130 | 2.25 / .100 | 2.06 / .085 | 1.96 / .085 | 1.91 / .070 |
| guid-fid | 2.91 / .045 / 1.4 | 2.23 / .025 / 1.4 | 2.01 / .030 / 1.2 | 1.88 / .015 / 1.2 | 1.85 / .020 / 1.2 | 1.81 / .015 / 1.2 |
| dino | 103.39 / .200 | 68.64 / .190 | 58.44 / .155 | 52.25 / .155 | 45.96 / .155 | 42.84 / .150 |
| guid-dino | 79.94 / .150 / 1.7 | 52.32 / .085 / 1.9 | 41.98 / .015 / 2.0 | 38.20 / .035 / 1.7 | 35.67 / .030 / 1.7 | 33.09 / .015 / 1.7 |`;
const IMAGENET_64 = `
| | S | M | L | XL |
| fid | 1.58 / .075 | 1.43 / .060 | 1.33 / .040 | 1.33 / .040 |`;
/** End of training in Mi images: what the kimg of a file name is made of. */
const MI: Readonly<Record<string, number>> = {
  ...{ 'img512-xs': 2048, 'img512-s': 2048, 'img512-m': 2048, 'img512-l': 1792, 'img512-xl': 1280, 'img512-xxl': 896 },
  ...{ 'img64-s': 1024, 'img64-m': 2048, 'img64-l': 1024, 'img64-xl': 640 },
};

const rows = (table: string, data: string) => {
  const [sizes = [], ...lines] = table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return lines.flatMap(([kind = '', ...cells]) =>
    cells.map((cell, i) => {
      const size = sizes[i + 1]?.toLowerCase() ?? '';
      const [score, sigmaRel, weight] = cell.split('/').map(Number);
      return { name: `edm2-${data}-${size}-${kind}`, network: `${data}-${size}`, score, sigmaRel, weight };
    }),
  );
};
const TABLE = [...rows(IMAGENET_512, 'img512'), ...rows(IMAGENET_64, 'img64')];
const kimg = (network: string): string => String(Math.floor(((MI[network] ?? 0) * 2 ** 20) / 1000)).padStart(7, '0');

test.each(TABLE)("$name is the paper's", ({ name, network, score, sigmaRel = 0, weight }) => {
  const { net, gnet, guidance, expected, interval, note } = evaluationPreset(name);
  expect(net).toBe(`edm2-${network}-${kimg(network)}-${sigmaRel.toFixed(3)}.pkl`);
  expect(gnet).toBe(weight === undefined ? undefined : `edm2-img512-xs-uncond-2147483-${sigmaRel.toFixed(3)}.pkl`);
  expect(guidance).toBe(weight);
  expect(expected).toMatchObject({ metric: name.endsWith('dino') ? 'FD_DINOv2' : 'FID', value: score });
  expect([interval, note]).toEqual([undefined, undefined]);
});

test.each([
  // 2406.02507, Table 1: network at σ_rel, guided by a smaller one of fewer images at its own, w → FID.
  ['edm2-img512-s-autog-fid', 'img512-s-2147483-0.070', 'img512-xs-0134217-0.125', 2.1, 1.34],
  ['edm2-img512-xxl-autog-fid', 'img512-xxl-0939524-0.075', 'img512-m-0268435-0.155', 2.05, 1.25],
  ['edm2-img64-s-autog-fid', 'img64-s-1073741-0.045', 'img64-xs-0134217-0.110', 1.7, 1.01],
])("%s is the paper's", (name, net, gnet, guidance, value) => {
  const preset = evaluationPreset(name);
  expect(preset).toMatchObject({ net: `edm2-${net}.pkl`, gnet: `edm2-${gnet}.pkl`, guidance });
  expect(preset.expected).toMatchObject({ metric: 'FID', value });
});

test('there are no others, but one that says what of it does not come from the paper', () => {
  const known = [
    ...TABLE.map(({ name }) => name),
    'edm2-img512-s-autog-fid',
    'edm2-img512-xxl-autog-fid',
    'edm2-img64-s-autog-fid',
  ];
  const others = Object.keys(evaluationPresets).filter((name) => !known.includes(name));
  expect(others).toEqual(['edm2-img512-xxl-interval-fid']);
  const { expected, guidance, interval, note } = evaluationPreset('edm2-img512-xxl-interval-fid');
  // 2404.07724: 1.81 → 1.40, w = 2.0.
  expect([expected.value, guidance, interval]).toEqual([1.4, 2, [0.19, 1.61]]);
  expect(note).toMatch(/read in a summary of the paper/);
  expect(Object.keys(evaluationPresets)).toHaveLength(32);
});

test('a preset says what it takes, from where and on what terms', () => {
  const text = describePreset(evaluationPreset('edm2-img512-xxl-guid-dino')).join('\n');
  for (const part of [
    'FD_DINOv2 33.09 over 50,000 images',
    'edm2-img512-xs-uncond-2147483-0.015.pkl, w = 1.7',
    'CC BY-NC-SA 4.0',
    'sd-vae-ft-mse',
    'features of DINOv2',
  ])
    expect(text).toContain(part);
  expect(describePreset(evaluationPreset('edm2-img64-s-fid')).join('\n')).not.toContain('vae');
});

test('a name that is none gets the nearest', () => {
  expect(() => evaluationPreset('edm2-img512-xxl-guid-fidd')).toThrow(/Did you mean edm2-img512-xxl-guid-fid\?/);
  expect(() => evaluationPreset('toString')).toThrow(/--preset/);
});
