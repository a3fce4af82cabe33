import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import { describe, expect, it } from 'vitest';

describe('startLibtensorflow without its library', () => {
  it.each([
    [{ directory: '/nowhere' }, /expected TensorFlow's C library in \/nowhere, got none\. Run: npx tfjs-libtensorflow/],
    [{ threads: 0 }, /expected threads to be a positive integer, got 0/],
    [{ memory: 2 }, /expected memory to be 'grow' or a share in \(0, 1\], got 2/],
  ])('%o is refused', async (options, message) => {
    await expect(startLibtensorflow(options)).rejects.toThrow(message);
  });
});
