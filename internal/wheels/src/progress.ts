import { createProgressLine, describeBytes, type ProgressIo } from '@edm2/command/progress-line';
import type { InstallProgress } from './install.js';

/** Shows the bytes of each stage. Those that an earlier download left are no measure of this one's rate. */
export function createProgress(io: ProgressIo) {
  let stage: InstallProgress['stage'] | undefined;
  const line = createProgressLine(io, (pace) => `${stage}  ${describeBytes(pace)}`);
  return {
    update: (progress: InstallProgress): void => {
      if (progress.stage === stage)
        line.update({ done: progress.bytes, total: Math.max(progress.total, progress.bytes) });
      else line.restart(progress.bytes);
      stage = progress.stage;
    },
    /** Clears the line. */
    done: line.end,
  };
}
