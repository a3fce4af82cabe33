import { type FileOptions, openFiles } from './file-samples.js';
import { closeStored, type Stored, type StoredOptions } from './open-stored.js';
import type { Samples } from './samples.js';
import { stackSamples } from './stack/stack-samples.js';

export interface SampleOptions extends FileOptions, StoredOptions {}

/** Makes what is stored ready to be read; closes it where that fails. @throws {DatasetError} as `openDataset` says. */
export async function openSamples(stored: Stored, options: SampleOptions): Promise<Samples> {
  try {
    if (stored.kind === 'stack') return stackSamples(stored.stack, options.resolution);
    return await openFiles(stored.source, stored.sorted, stored.layout, options);
  } catch (error) {
    await closeStored(stored);
    throw error;
  }
}
