import { createProgressLine, type ProgressIo, type ProgressLine } from '@edm2/command/progress-line';

/** Shows how many images are done. */
export const createProgress = (io: ProgressIo, label: string): ProgressLine =>
  createProgressLine(
    io,
    ({ done, total, rate, left }) => `${label}: ${done} of ${total} images, ${rate.toPrecision(3)}/s, ${left} s left`,
  );
