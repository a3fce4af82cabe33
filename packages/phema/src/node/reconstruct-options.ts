import type { FloatTypeName } from './float-type.js';
import type { OpenSnapshotsOptions } from './snapshots.js';

/** What to reconstruct. */
export interface ReconstructOptions extends OpenSnapshotsOptions {
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
  /** Time of the averages in images, within the stored times; default the last. */
  readonly t?: number | undefined;
  /** The same by its label, whole thousands of images: the stored time that has it. */
  readonly kimg?: number | undefined;
  /** Divide the weights by their sum; see `SynthesisOptions`. Default true. */
  readonly normalize?: boolean | undefined;
  /**
   * Make averages whose profile is off by more than `MAX_PROFILE_ERROR` (at a time that is not stored: √½), and use files that contradict the
   * options. Default false: both are refused.
   */
  readonly force?: boolean | undefined;
  /**
   * Checkpoint of the model itself, safetensors or of `torch.save`: its integers and booleans come into the results, of which ema-pytorch
   * stores floating-point numbers.
   */
  readonly model?: string | undefined;
  /** Type of the averaged tensors in the results; default as stored. */
  readonly dtype?: FloatTypeName | undefined;
  /** First part of the results' names, default `phema`. */
  readonly prefix?: string | undefined;
  /** Leave results alone that are there already, made in the same way. Default false: they are made anew, and must come out the same. */
  readonly skipExisting?: boolean | undefined;
  /** Replace what is there under a result's name. Default false: something else there is an error. */
  readonly overwrite?: boolean | undefined;
  /** Compare snapshots that carry a checksum with it before anything is written. Default false (it reads them twice). */
  readonly verify?: boolean | undefined;
  /** Threads that read and sum, at most 64; 0 does it all on the caller's. Default: as many as processors, at most 4, and none for little. */
  readonly threads?: number | undefined;
  readonly onProgress?: ((progress: ReconstructProgress) => void) | undefined;
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
  readonly weightSum: number;
  readonly sumAbs: number;
  /** Relative error that rounding of the stored numbers can cause. */
  readonly storageError: number;
  /** Tensors with infinities or NaN in them, and how many. */
  readonly notFinite: readonly { readonly name: string; readonly count: number }[];
  readonly warnings: readonly string[];
}

/** What was done. */
export interface ReconstructResult {
  /** In the order of `sigmaRels`. */
  readonly outputs: readonly ReconstructedFile[];
  /** Time of the averages. */
  readonly t: number;
  /** What times count. */
  readonly unit: 'images' | 'steps';
  /** What was taken for granted, because no file says it; and what was copied instead of averaged. In words. */
  readonly assumptions: readonly string[];
  readonly copies: readonly string[];
  /** Stored averages that were at hand. */
  readonly snapshots: number;
  readonly bytesRead: number;
}
