export type { FloatTypeName } from './float-type.js';
export { type LeaveOneOutOptions, type LeftOut, leaveOneOut } from './leave-one-out.js';
export {
  type ReconstructedFile,
  type ReconstructOptions,
  type ReconstructProgress,
  type ReconstructResult,
  reconstructFiles,
} from './reconstruct.js';
export { kimgToNimg, type SnapshotLabel, snapshotName } from './snapshot-name.js';
export { type OpenSnapshotsOptions, openSnapshots, type Snapshot, type SnapshotSet } from './snapshots.js';
