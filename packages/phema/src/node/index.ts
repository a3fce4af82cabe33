export { kimgToNimg, type SnapshotLabel, type SnapshotNameOptions, snapshotName } from '@edm2/tensor-files';
export { checkAverage } from './average-quality.js';
export type { FloatTypeName } from './float-type.js';
export { type LeaveOneOutOptions, type LeftOut, leaveOneOut } from './leave-one-out.js';
export { namesFitting } from './name-patterns.js';
export { OptionError, type OptionName, type Spelling } from './option-error.js';
export { phemaOption } from './phema-option.js';
export { reconstructFiles } from './reconstruct.js';
export type {
  ReconstructedFile,
  ReconstructOptions,
  ReconstructProgress,
  ReconstructResult,
} from './reconstruct-options.js';
export { assertReachable, MAX_PROFILE_ERROR, type Selection, type SelectOptions, selectSnapshots } from './select.js';
export type { Snapshot } from './snapshot.js';
export { type OpenSnapshotsOptions, openSnapshots, type SnapshotSet } from './snapshots.js';
export type { AskedTime, FoundTime } from './stored-time.js';
