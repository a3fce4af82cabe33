export { kimgToNimg, type SnapshotLabel, type SnapshotNameOptions, snapshotName } from '@edm2/tensor-files';
export type { FloatTypeName } from './float-type.js';
export { type LeaveOneOutOptions, type LeftOut, leaveOneOut } from './leave-one-out.js';
export { namesFitting } from './name-patterns.js';
export { reconstructFiles } from './reconstruct.js';
export type {
  ReconstructedFile,
  ReconstructOptions,
  ReconstructProgress,
  ReconstructResult,
} from './reconstruct-options.js';
export { type OpenSnapshotsOptions, openSnapshots, type Snapshot, type SnapshotSet } from './snapshots.js';
