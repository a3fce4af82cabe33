/** Values on the stack at once; a list of a million numbers is pushed in batches of a thousand. */
export const MAX_STACK = 1 << 22;

/** Remembered values: a checkpoint of ten thousand tensors has some hundred thousand. */
export const MAX_MEMO = 1 << 24;

/** Marks that are open at once, which is how deep literals nest; Python's own writer stops at about a thousand. */
export const MAX_MARKS = 1 << 16;

/** Bytes of one text: the longest in practice are the source texts that some files carry. V8 holds at most 512 MiB. */
export const MAX_TEXT_BYTES = 1 << 28;

/** Bytes of an integer: the numbers of real files fit 8, PyTorch's magic number takes 10, and longer ones cost quadratic time to print. */
export const MAX_INTEGER_BYTES = 256;

/** Bytes of a name after the opcode GLOBAL, which ends at a line break and not after a length. */
export const MAX_NAME_BYTES = 1 << 12;

/** Axes of an array or tensor; NumPy's own bound. */
export const MAX_PICKLE_RANK = 64;

/**
 * Bytes of all tensors of a file that repeat elements, as `expand` makes them, as far as they exceed what is stored: a file of a hundred bytes
 * could ask for any number. Real ones are masks, positions and statistics of some megabytes.
 */
export const MAX_EXPANDED_BYTES = 1 << 28;

/** Bytes of one bytes object that are read at once from a file; longer ones stay there until they are asked for. */
export const MAX_EAGER_BYTES = 1 << 12;

/** Copies of all bytes of a file together: one from text, as protocol 2 stores bytes, and one into an array. */
export const MAX_COPIES = 2;

/** Items of lists and dictionaries that calls copy, for each byte of a file: every item takes one byte at least, and calls are few. */
export const MAX_VISITS = 8;

/** Entries of a torch zip: one a storage and a handful of others; the largest published checkpoints have some ten thousand. */
export const MAX_ZIP_ENTRIES = 1 << 20;

/** Bytes of `data.pkl`, which holds names and shapes only. */
export const MAX_DATA_PKL_BYTES = 1 << 28;

/** Parameters and buffers of one module tree. */
export const MAX_STATE_TENSORS = 1 << 20;

/** Modules inside modules. */
export const MAX_MODULE_DEPTH = 256;
