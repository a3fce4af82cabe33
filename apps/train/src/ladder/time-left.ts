import { formatSeconds } from '@edm2/app-kit/pictures/format';

/** Work still to do, by kind. */
export interface Work {
  /** Images to train on. */
  readonly train: number;
  /** Images to sample. */
  readonly sample: number;
}

export const sumOfWork = (works: readonly Work[]): Work => ({
  train: works.reduce((sum, { train }) => sum + train, 0),
  sample: works.reduce((sum, { sample }) => sum + sample, 0),
});

/** Tells how long the whole of a ladder will take, from what each kind of work has taken so far in this process. */
export interface TimeLeft {
  /** Starts measuring a kind; what passes until `stop` counts for it. */
  start(kind: keyof Work): void;
  stop(images: number): void;
  /** @param left - work after what is being measured now. @param now - images that the measured piece has got to, and of how many. */
  text(left: Work, now?: { readonly done: number; readonly of: number }): string;
}

/** Seconds for an image where none has been seen: a guess, so that a first figure can be given at all. */
const SAMPLE_PER_TRAIN = 4;

export function createTimeLeft(clock: () => number = () => performance.now() / 1000): TimeLeft {
  const spent = { train: 0, sample: 0 };
  const done = { train: 0, sample: 0 };
  let running: { kind: keyof Work; since: number } | undefined;
  return {
    start(kind) {
      running = { kind, since: clock() };
    },
    stop(images) {
      if (!running) return;
      spent[running.kind] += clock() - running.since;
      done[running.kind] += images;
      running = undefined;
    },
    text(left, now = { done: 0, of: 0 }) {
      const seconds = { ...spent };
      const images = { ...done };
      const after = { ...left };
      if (running) {
        seconds[running.kind] += clock() - running.since;
        images[running.kind] += now.done;
        after[running.kind] += now.of - now.done;
      }
      if (images.train === 0 && images.sample === 0) return 'time left not known yet';
      const train = images.train > 0 ? seconds.train / images.train : undefined;
      const sample = images.sample > 0 ? seconds.sample / images.sample : undefined;
      const total =
        after.train * (train ?? (sample ?? 0) / SAMPLE_PER_TRAIN) +
        after.sample * (sample ?? (train ?? 0) * SAMPLE_PER_TRAIN);
      return `${formatSeconds(total)} left for the ladder`;
    },
  };
}
