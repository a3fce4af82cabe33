import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository: this file is in its sources, or bundled from them. */
function rootAbove(folder: string): string {
  return existsSync(join(folder, 'pnpm-workspace.yaml')) ? folder : rootAbove(dirname(folder));
}
const root = rootAbove(dirname(fileURLToPath(import.meta.url)));

/** Commands, bundled from the sources. */
export const TRAIN = join(root, 'apps/train/bin/edm2-train.js');
export const EVALUATE = join(root, 'apps/evaluate/bin/edm2-evaluate.js');
export const DATASET = join(root, 'apps/dataset-tool/bin/edm2-dataset.js');
export const INSTALL = join(root, 'test/torture/dist/install-child.js');
export const GOLDEN = join(root, 'test/golden');

/** One engine and one thread: the same bits every time. */
export const ENGINE = ['--engine', 'onnxruntime', '--threads', '1'];
