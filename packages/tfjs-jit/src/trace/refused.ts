const VALUES = 'the shape of its result depends on values, which a compiled function does not know';
const TEXT = 'compiled functions hold numbers, no text';
const COMPLEX = 'compiled functions hold no complex numbers';
const RANDOM = 'it draws random numbers, which would be the same on every call';
const WARP = 'no engine has an operator that turns or warps images';
const PIXELS = 'it talks to the browser';

const OUTSIDE = 'Call it outside the compiled function and pass the result as an argument';
const DRAW = 'Draw outside and pass the numbers as an argument';
const BEFORE = 'Turn or warp images outside the compiled function, before it or after';
const PARTS = 'Compute with real and imaginary parts as two tensors, or call it outside';

/** Why a kernel is not compiled, and what to do instead. */
export interface Refusal {
  readonly reason: string;
  readonly remedy: string;
}

const all = (kernels: readonly string[], reason: string, remedy: string): Record<string, Refusal> =>
  Object.fromEntries(kernels.map((kernel) => [kernel, { reason, remedy }]));

/** Kernels of TensorFlow.js that no engine can run inside a compiled function. */
export const REFUSED: Readonly<Record<string, Refusal>> = {
  ...all(['Unique', 'NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'NonMaxSuppressionV5'], VALUES, OUTSIDE),
  ...all(['RaggedGather', 'RaggedRange', 'RaggedTensorToTensor'], VALUES, OUTSIDE),
  ...all(['SparseFillEmptyRows', 'SparseReshape', 'SparseSegmentMean', 'SparseSegmentSum'], VALUES, OUTSIDE),
  ...all(['StaticRegexReplace', 'StringNGrams', 'StringSplit', 'StringToHashBucketFast'], TEXT, OUTSIDE),
  ...all(['Complex', 'ComplexAbs', 'Real', 'Imag', 'FFT', 'IFFT'], COMPLEX, PARTS),
  ...all(['RotateWithOffset', 'Transform'], WARP, BEFORE),
  ...all(['Draw', 'FromPixels'], PIXELS, OUTSIDE),
  Multinomial: { reason: RANDOM, remedy: DRAW },
};
