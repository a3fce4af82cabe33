/** One tick of the training log. */
export interface LossPoint {
  /** Images seen so far. */
  readonly nimg: number;
  readonly loss: number;
}

/** Losses at one time of images that are held out and of images that are trained on, by noise level. */
export interface ValidationPoint {
  /** Images seen so far. */
  readonly nimg: number;
  readonly sigmas: readonly number[];
  readonly heldOut: readonly number[];
  readonly training: readonly number[];
}

/** Mean loss of one bin of noise levels. */
export interface SigmaLoss {
  /** Centre of the bin, > 0. */
  readonly sigma: number;
  /** Mean of the weighted squared error before the learned weighting. */
  readonly loss: number;
  /** What the uncertainty head predicts for this noise level, `exp(u)`; absent without a head. */
  readonly predicted?: number;
}

/** Scores of one averaging length. Every metric is optional; those present on all points are drawn. */
export interface EmaPoint {
  readonly sigmaRel: number;
  /** Share of generated images that the classifier reads as the label they were made for, 0…1. Higher is better. */
  readonly labelAgreement?: number;
  /** Fréchet distance of classifier features to the real test set. Lower is better. */
  readonly frechet?: number;
  /** True where this length was tracked during training, false where it was reconstructed afterwards. */
  readonly tracked: boolean;
}

/** A table: first column holds names, the rest what was measured. Numbers are shown with four significant digits, text as it is. */
export interface ReportTable {
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    readonly values: readonly (number | string | undefined)[];
    /** Draws the row bold: the result that the reader came for. */
    readonly highlight?: boolean;
  }[];
  /** One line under the table: what the figures are and are not. */
  readonly note?: string;
}

/** A picture on disk, embedded into the page. */
interface ReportPicture {
  /** PNG file. */
  readonly path: string;
  /** What a reader sees in it; also its text for those who cannot see it. */
  readonly caption: string;
}

/**
 * Everything that the one-page report shows. Only `title` is required: a section without data is left out, so the same
 * page serves a finished demo, a plain training run, and a run that stopped early.
 */
export interface RunReport {
  readonly title: string;
  /** One paragraph under the title: what was done and what came of it. Plain text. */
  readonly headline?: string;
  /** The few figures to read first, e.g. `{ label: 'right digits', value: '96.2 %', note: 'real test images: 98.9 %' }`. */
  readonly figures?: readonly { readonly label: string; readonly value: string; readonly note?: string }[];
  /** The generated grid. */
  readonly grid?: ReportPicture;
  /** A grid of real images of the same layout, shown beside the generated one. */
  readonly realGrid?: ReportPicture;
  /** The same seeds at different times of training. */
  readonly previews?: readonly { readonly nimg: number; readonly path: string }[];
  readonly lossCurve?: readonly LossPoint[];
  readonly validation?: readonly ValidationPoint[];
  readonly lossBySigma?: readonly SigmaLoss[];
  readonly emaCurve?: readonly EmaPoint[];
  readonly scores?: ReportTable;
  /** Rows `[name, value]`, in the order to be shown. */
  readonly settings?: readonly (readonly [string, string | number | boolean])[];
  /** Where the time went. */
  readonly timings?: readonly { readonly name: string; readonly seconds: number }[];
  /** The command line that repeats the run. */
  readonly command?: string;
  /** One line: processor, cores, memory, Node version. */
  readonly machine?: string;
  /** One line: what computed, as `startEngine` reports it. */
  readonly engine?: string;
  /** Files of the run folder worth opening. */
  readonly files?: readonly { readonly path: string; readonly note: string }[];
  /** How to go on: shell commands with one line each. */
  readonly next?: readonly { readonly note: string; readonly command: string }[];
  /** When the run ended; shown as a date. */
  readonly finished?: Date;
}
