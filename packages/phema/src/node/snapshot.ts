import type { SnapshotLabel } from '@edm2/tensor-files';
import type { StoredProfile } from '../sparse-updates.js';
import type { FileLabel } from './label.js';
import type { StoredFile } from './stored-file.js';

/** One stored average. */
export interface Snapshot extends SnapshotLabel {
  readonly path: string;
  readonly file: StoredFile;
  readonly profile: StoredProfile;
  /** Where its label comes from: the file's metadata, its name alone, or ema-pytorch's. */
  readonly source: FileLabel['source'];
}
