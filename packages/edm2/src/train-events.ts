/** A file that a run wrote. */
interface Written<Kind extends string> {
  readonly kind: Kind;
  readonly nimg: number;
  readonly path: string;
}

/** Something that happened in a training run. Paths are as its folder was named. */
export type TrainEvent =
  /** The run begins, or goes on. */
  | {
      readonly kind: 'start';
      readonly outdir: string;
      /** What computes, and why. */
      readonly engine: string;
      readonly parameters: number;
      /** Images that it sees in all. */
      readonly images: number;
    }
  /** A line of `log.jsonl`. */
  | {
      readonly kind: 'status';
      /** Images seen. */
      readonly nimg: number;
      /** Mean over the tick. */
      readonly loss: number;
      readonly learningRate: number;
      readonly imagesPerSecond: number;
      /** Since this process began to train. */
      readonly seconds: number;
      /** Resident memory of the process, in MB. */
      readonly memoryMB: number;
      /** With `validation`, after each snapshot: `λ(σ)·MSE` of the first average at each noise level, on as many held-out images as training images. */
      readonly validation?: {
        readonly images: number;
        readonly sigmas: readonly number[];
        readonly heldOut: readonly number[];
        readonly training: readonly number[];
      };
    }
  /** A file was written: an average, a grid of images, or all that resuming needs. */
  | Written<'snapshot'>
  | Written<'preview'>
  | Written<'checkpoint'>
  /** A line for people: what the data are, what was left out, how far it is. */
  | { readonly kind: 'note'; readonly text: string }
  /** All is done; the folder holds it. */
  | { readonly kind: 'done'; readonly outdir: string };

/** Environment variable that names the file descriptor on which a training process tells its events, one JSON object a line. */
export const EVENTS_VARIABLE = 'EDM2_EVENTS';
