import * as tf from '@tensorflow/tfjs-core';

/**
 * Replaces the cpu backend's filter gradient of stride-1 'same' convolutions by plain loops over typed arrays, some forty
 * times faster and the same sums; other convolutions still go to TensorFlow.js's kernel. For tests that differentiate
 * whole networks: with TensorFlow.js's own they would take minutes.
 */
export function useQuickFilterGradient(): void {
  const config = tf.getKernel(tf.Conv2DBackpropFilter, 'cpu');
  tf.unregisterKernel(tf.Conv2DBackpropFilter, 'cpu');
  tf.registerKernel({
    ...config,
    kernelFunc: (call) => {
      const { x, dy } = call.inputs as Record<'x' | 'dy', tf.TensorInfo>;
      const { strides, pad, dataFormat, filterShape } = call.attrs as unknown as {
        strides: number | number[];
        pad: unknown;
        dataFormat: string;
        filterShape: [number, number, number, number];
      };
      if ([strides].flat().some((s) => s !== 1) || pad !== 'same' || dataFormat !== 'NHWC')
        return config.kernelFunc(call);
      const backend = call.backend as unknown as {
        readSync(id: object): Float32Array;
        makeTensorInfo(shape: number[], dtype: string, values: Float32Array): tf.TensorInfo;
      };
      const values = filterGradient(backend.readSync(x.dataId), x.shape, backend.readSync(dy.dataId), filterShape);
      return backend.makeTensorInfo(filterShape, 'float32', values);
    },
  });
}

/** Summed in float64, pixel by pixel: `dw[r, c, i, o] = Σ x[n, y + r − top, z + c − left, i]·dy[n, y, z, o]`. */
function filterGradient(
  x: Float32Array,
  [n = 0, h = 0, w = 0]: number[],
  dy: Float32Array,
  [kh, kw, from, to]: [number, number, number, number],
): Float32Array {
  const dw = new Float64Array(kh * kw * from * to);
  const [top, left] = [(kh - 1) >> 1, (kw - 1) >> 1];
  for (let image = 0; image < n; image++)
    for (let y = 0; y < h; y++)
      for (let z = 0; z < w; z++) {
        const d = ((image * h + y) * w + z) * to;
        for (let r = Math.max(0, top - y); r < Math.min(kh, h + top - y); r++)
          for (let c = Math.max(0, left - z); c < Math.min(kw, w + left - z); c++) {
            const s = ((image * h + y + r - top) * w + z + c - left) * from;
            const t = (r * kw + c) * from * to;
            for (let i = 0; i < from; i++) {
              const value = x[s + i] ?? 0;
              for (let o = 0; o < to; o++) dw[t + i * to + o] = (dw[t + i * to + o] ?? 0) + value * (dy[d + o] ?? 0);
            }
          }
      }
  return Float32Array.from(dw);
}
