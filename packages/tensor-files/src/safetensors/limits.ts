/** Longest header, the reference implementation's bound: a header of a million tensors fits, a random length field does not. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Most tensors a file may name; the largest published checkpoints have some ten thousand. */
export const MAX_TENSORS = 1_000_000;

/** Most axes of a tensor; NumPy's bound since version 2, ours and PyTorch's tensors have far fewer. */
export const MAX_RANK = 64;

/** Bytes of the length field before the header. */
export const LENGTH_BYTES = 8;
