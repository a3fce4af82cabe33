import { expect, test } from 'vitest';
import { tensorGroups } from './tensor-groups.js';

const TENSORS = new Map([
  ['unet.emb_noise.weight', 10],
  ['unet.enc.16x16_conv.weight', 40],
  ['unet.enc.16x16_block0.emb_linear.weight', 20],
  ['unet.enc.16x16_block0.emb_gain', 1],
  ['unet.dec.8x8_block0.emb_linear.weight', 20],
  ['unet.out_gain', 9],
]);

test('the tensors that patterns fit, several joined by commas, each once, and their share of the numbers', () => {
  const [linear, both] = tensorGroups(
    ['*.emb_linear.*', '*.emb_linear.weight, unet.*_gain', '*.emb_linear.*'],
    TENSORS,
  );
  expect(linear).toEqual({
    pattern: '*.emb_linear.*',
    names: ['unet.enc.16x16_block0.emb_linear.weight', 'unet.dec.8x8_block0.emb_linear.weight'],
    share: 0.4,
  });
  expect(both?.pattern).toBe('*.emb_linear.weight,unet.*_gain');
  expect(both?.names).toHaveLength(4);
  expect(both?.share).toBe(0.5);
  expect(tensorGroups(['a', 'a'], new Map([['a', 1]]))).toHaveLength(1);
  // A point is a point.
  expect(() => tensorGroups(['unet.emb_noise?weight', 'unet.out.gain'], TENSORS)).toThrow();
});

test('a pattern that fits none is refused with names that there are', () => {
  expect(() => tensorGroups(['*.emb_linear.*', 'emb_*'], TENSORS)).toThrow(
    /^--per-tensor: expected a pattern of tensor names such as unet\.emb_noise\.weight, unet\.enc\..*, got emb_\*, which fits none of 6\. Use \*/,
  );
  expect(() => tensorGroups(['unet.out_gian'], TENSORS)).toThrow(/Did you mean unet\.out_gain\?/);
  expect(() => tensorGroups(['unet.out_gain,'], TENSORS)).toThrow(/got nothing/);
});
