import type { Precision } from './plan.js';

/** Dense TFLOP/s of tensor cores (float32: of the ordinary ones) by the vendor's data sheets. */
const PEAKS: readonly (readonly [RegExp, Readonly<Record<Precision, number>>])[] = [
  [/B200|B300/, { bfloat16: 2250, tf32: 1125, float32: 75 }],
  [/H100 PCIe/i, { bfloat16: 756, tf32: 378, float32: 51 }],
  [/H100 NVL/i, { bfloat16: 835, tf32: 417, float32: 60 }],
  [/H100|H200|GH200/, { bfloat16: 989, tf32: 495, float32: 67 }],
  [/A100/, { bfloat16: 312, tf32: 156, float32: 19.5 }],
  [/L40S/, { bfloat16: 362, tf32: 183, float32: 91.6 }],
  [/4090/, { bfloat16: 165, tf32: 82.6, float32: 82.6 }],
];

/** What a device could do at most, in TFLOP/s; undefined for one that is not in the table. */
export const peakOf = (device: string, precision: Precision): number | undefined =>
  PEAKS.find(([name]) => name.test(device))?.[1][precision];
