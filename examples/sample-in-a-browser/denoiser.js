/** Ten images a call, one of each digit: what export.js wrote the network for. */
export const ROW = 10;
export const SIDE = 16;

/**
 * The exported network as `(x, sigma) → D(x; σ)` for a row of ten digits.
 *
 * @param ort - onnxruntime-web.
 * @param model - the file's address, or its bytes.
 */
export async function loadDenoiser(ort, model) {
  const session = await ort.InferenceSession.create(model);
  const labels = Float32Array.from({ length: ROW * ROW }, (_, i) => (i % ROW === Math.floor(i / ROW) ? 1 : 0));
  return async (x, sigma) => {
    const { denoised } = await session.run({
      x: new ort.Tensor('float32', Float32Array.from(x), [ROW, SIDE, SIDE, 1]),
      sigma: new ort.Tensor('float32', new Float32Array(ROW).fill(sigma), [ROW]),
      labels: new ort.Tensor('float32', labels, [ROW, ROW]),
    });
    return denoised.data;
  };
}
