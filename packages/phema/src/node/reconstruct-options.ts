import type { FloatTypeName } from './float-type.js';

/** What to reconstruct. */
export interface ReconstructOptions {
  /** Folder of stored averages (safetensors, NVIDIA's `.pkl`, ema-pytorch's `.pt`), or the files. */
  readonly input: string | readonly string[];
  /** Folder for the results (made when missing); or, for a single length, the file: a path ending in `.safetensors`. */
  readonly output: string;
  /** Relative lengths wanted, each in (0, 0.2887), no two alike. */
  readonly sigmaRels: readonly number[];
  /**
   * Lengths of single tensors in every result, by patterns of their names in which `*` stands for anything: `{ '*.emb_*': 0.05 }`. The first
   * pattern that fits counts; tensors without one have the result's own length.
   */
  readonly tensorSigmaRels?: Readonly<Record<string, number>> | undefined;
  /** What file names alone do not tell; see `OpenSnapshotsOptions`. */
  readonly track?: readonly number[] | undefined;
  readonly updateEvery?: number | undefined;
  readonly allow?: readonly string[] | undefined;
  /** Time of the averages in images, within the stored times; default the last. */
  readonly t?: number | undefined;
  /** Type of the averaged tensors in the results; default as stored. */
  readonly dtype?: FloatTypeName | undefined;
  /** First part of the results' names, default `phema`. */
  readonly prefix?: string | undefined;
  /** Leave results alone that are there already for the same length and time. Default false: they are replaced. */
  readonly skipExisting?: boolean | undefined;
  /** Compare snapshots that carry a checksum with it before anything is written. Default false (it reads them twice). */
  readonly verify?: boolean | undefined;
  /** Threads that read and sum, at most 64; 0 does it all on the caller's. Default: as many as processors, at most 4, and none for little. */
  readonly threads?: number | undefined;
  readonly onProgress?: ((progress: ReconstructProgress) => void) | undefined;
  /** Stops; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/** How far reconstruction is. */
export interface ReconstructProgress {
  readonly bytesRead: number;
  readonly bytesTotal: number;
}

/** One result. */
export interface ReconstructedFile {
  readonly sigmaRel: number;
  readonly nimg: number;
  readonly path: string;
  /** True when it was there already. */
  readonly skipped: boolean;
  /** See `Synthesis`. */
  readonly profileError: number;
  readonly sumAbs: number;
  /** Relative error that rounding of the stored numbers can cause. */
  readonly storageError: number;
  readonly warnings: readonly string[];
}

/** What was done. */
export interface ReconstructResult {
  /** In the order of `sigmaRels`. */
  readonly outputs: readonly ReconstructedFile[];
  /** Time of the averages, in images. */
  readonly t: number;
  /** Stored averages that were at hand. */
  readonly snapshots: number;
  readonly bytesRead: number;
}
