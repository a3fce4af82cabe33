import { createProgressLine, describeBytes, type ProgressIo } from '@edm2/command/progress-line';

/** Shows the bytes that are read. */
export function createProgress(io: ProgressIo) {
  const line = createProgressLine(io, describeBytes);
  return {
    update: ({ bytesRead, bytesTotal }: { readonly bytesRead: number; readonly bytesTotal: number }): void =>
      line.update({ done: bytesRead, total: bytesTotal }),
    /** Clears the line. */
    done: line.end,
  };
}
