import { type FileOptions, openFiles } from './file-samples.js';
import { openStored, type StoredOptions } from './open-stored.js';
import type { Samples } from './samples.js';
import { stackSamples } from './stack/stack-samples.js';

export interface SampleOptions extends FileOptions, StoredOptions {}

/** Opens whatever is at a path, ready to be read. @throws {DatasetError} as `openDataset` says. */
export async function openSamples(path: string, options: SampleOptions): Promise<Samples> {
  const stored = await openStored(path, options);
  try {
    if (stored.kind === 'stack') return stackSamples(stored.stack, options.resolution);
    return await openFiles(stored.source, stored.sorted, stored.layout, options);
  } catch (error) {
    await (stored.kind === 'stack' ? stored.stack : stored.source).close();
    throw error;
  }
}
