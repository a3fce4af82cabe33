import { expect, it } from 'vitest';
import { deviceOf, parseDevice } from './device.js';

const cpu = { name: '/device:CPU:0', type: 'CPU' };
const gpu = { name: '/device:GPU:0', type: 'GPU' };

it('reads devices as users name them', () => {
  expect(parseDevice('auto')).toMatchObject({ kind: 'auto', index: 0 });
  expect(parseDevice('gpu')).toMatchObject({ kind: 'gpu', index: 0 });
  expect(parseDevice('gpu:3')).toMatchObject({ kind: 'gpu', index: 3 });
  for (const text of ['cuda', 'gpu:', 'gpu:-1', 'cpu:1', ''])
    expect(() => parseDevice(text)).toThrow(/expected device to be auto, cpu, gpu or gpu:<index>/);
});

it('takes a GPU that answers, and refuses to fall back from one that was asked for', () => {
  expect(deviceOf([cpu, gpu], parseDevice('auto'))).toBe(gpu.name);
  expect(deviceOf([cpu], parseDevice('auto'))).toBe(cpu.name);
  expect(deviceOf([cpu, gpu], parseDevice('cpu'))).toBe(cpu.name);
  expect(deviceOf([cpu, gpu], parseDevice('gpu:1'))).toBe(gpu.name);
  expect(() => deviceOf([cpu], parseDevice('gpu:1'))).toThrow(/expected gpu:1 to answer, got no GPU/);
});
