import type { Switches } from '@edm2/edm2-unet';

/** What the command line said; undefined where it said nothing. */
export interface CommandOptions {
  readonly preset?: string;
  readonly config?: 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G';
  readonly data?: string;
  readonly outdir?: string;
  readonly engine?: string;
  readonly threads?: number;
  readonly batch?: number;
  readonly batchGpu?: number;
  readonly duration?: number;
  readonly status?: number;
  readonly snapshot?: number;
  readonly checkpoint?: number;
  readonly preview?: number;
  readonly seed?: number;
  readonly lr?: number;
  readonly decay?: number;
  readonly dropout?: number;
  readonly beta2?: number;
  readonly lossScale?: number;
  readonly uncertainty?: boolean;
  readonly pmean?: number;
  readonly pstd?: number;
  readonly emaHalfLife?: number;
  readonly emaRampup?: number;
  readonly cond?: boolean;
  readonly acceptWarnings?: boolean;
  readonly posterior?: 'sample' | 'mean';
  readonly vae?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly switch?: Switches;
  readonly attnResolutions?: readonly number[];
  readonly magnitudes?: boolean;
  readonly updates?: boolean;
  readonly smoke?: boolean;
}
