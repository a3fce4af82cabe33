import type { ConfigName, Switches } from '@edm2/edm2-unet';
import type { GivenSettings } from './settings.js';

/** What the command line said; undefined where it said nothing. */
export interface CommandOptions extends GivenSettings {
  readonly preset?: string;
  readonly config?: ConfigName;
  readonly data?: string;
  /** Side to which images are cropped and resized. */
  readonly resolution?: number;
  readonly outdir?: string;
  readonly cond?: boolean;
  readonly posterior?: 'sample' | 'mean';
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly switch?: Switches;
  readonly channels?: number;
  readonly attnResolutions?: readonly number[];
  readonly smoke?: boolean;
}
