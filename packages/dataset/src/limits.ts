/** A diffusion net trains on sides up to 1024; 4096 leaves room and keeps one decoded image below 64 MiB. */
export const MAX_RESOLUTION = 4096;

/** A side of an image that is to be made smaller: JPEG has no larger one. */
export const MAX_SOURCE_SIDE = 65_535;

/** Pixels of one image while it is decoded: the largest sensors of telephones have 200 million. As RGB they take 800 MB. */
export const MAX_PIXELS = 2 ** 28;

/** One encoded image or array: MAX_RESOLUTION² × 4 channels × 4 bytes, uncompressed. */
export const MAX_FILE_BYTES = 2 ** 28;

/** dataset.json: 1.3 million images take 70 MB; V8 cannot hold a string above 512 MiB. */
export const MAX_JSON_BYTES = 2 ** 28;

/** A table of labels: a line of 40 bytes for each of seven million images. */
export const MAX_TABLE_BYTES = 2 ** 28;

/** Images in a dataset: ImageNet-21k has 14 million. A name takes about 100 bytes of memory. */
export const MAX_IMAGES = 2 ** 24;

/** One-hot width: ImageNet-21k has 21,841 classes; a label beyond this is damage, and would cost gigabytes per batch. */
export const MAX_LABEL_DIM = 2 ** 17;

/** Uncompressed IDX file: MNIST 47 MB, EMNIST 547 MB; Node reads at most 2 GiB at once. */
export const MAX_IDX_BYTES = 2 ** 31 - 1;

/** Folder depth; deeper means a symbolic link that leads in a circle. */
export const MAX_DEPTH = 32;

/** Images decoded at once: enough to keep libvips' threads busy, far below the limit of open files. */
export const CONCURRENCY = 16;

/** Files of unknown extensions whose first bytes are looked at: more of them take longer than a person waits. */
export const MAX_SNIFFED = 2 ** 14;

/** Images of a grey dataset whose headers are looked at for colour, spread over all: a quarter of a second. */
export const MAX_PROBED = 4096;

/** First bytes in which most headers say whether an image is grey. */
export const HEADER_BYTES = 4096;

/** An array of images that has to be held in memory: compressed in its archive, or in Fortran order. */
export const MAX_STACK_BYTES = 2 ** 31 - 1;

/** Further images that are looked at when the first cannot be decoded, to say how many are no better. */
export const MAX_REPORTED = 256;
