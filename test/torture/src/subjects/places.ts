import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Commands, bundled from the sources: the paths are those from `dist`. */
export const TRAIN = at('apps/train/bin/edm2-train.js');
export const EVALUATE = at('apps/evaluate/bin/edm2-evaluate.js');
export const DATASET = at('apps/dataset-tool/bin/edm2-dataset.js');
export const INSTALL = at('test/torture/dist/install-child.js');
export const GOLDEN = at('test/golden');

/** One engine and one thread: the same bits every time. */
export const ENGINE = ['--engine', 'onnxruntime', '--threads', '1'];
