import type { Preset } from '@edm2/edm2-unet';
import type { TrainingRecipe } from '@edm2/training';
import type { z } from 'zod';

/** What a run is made for, from which a setting takes its value where the command line says nothing. */
export interface RunBasis {
  readonly preset: Pick<
    Preset,
    'batch' | 'durationImages' | 'referenceRate' | 'decayBatches' | 'rampupMimg' | 'pMean' | 'pStd' | 'augment'
  >;
  /** Dropout of the preset's network. */
  readonly dropout: number;
  /** How the run's config is trained in the paper, and how the preset's own is: a preset holds the constants of its own config. */
  readonly recipe: TrainingRecipe;
  readonly own: TrainingRecipe;
}

/** What settings read of one another. Written out: the whole configuration's type is made of theirs. */
export interface OtherSettings {
  readonly batch: number;
  readonly duration: number;
  readonly preview: number;
  readonly emaHalfLife: number;
  readonly augment: number;
  readonly xflip: boolean;
  readonly updates?: boolean;
  /** Of a run on latents. */
  readonly latents?: object;
}

/** One setting of a run: all that is said of it, in one place. What it does to the training is where it is used. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** As help shows it, `--beta2 <x>`; without a value it is a switch. */
  readonly flags: string;
  /** Left out: the option is declared elsewhere, for several commands. */
  readonly help?: string;
  /** Reads what was typed; of a switch, nothing. */
  readonly read?: (text: string) => NonNullable<z.output<Schema>>;
  /** Of its value in `config.json`. With a default where folders written before the setting was there are to be read. */
  readonly schema: Schema;
  /**
   * Its value where nothing was typed; undefined leaves it out.
   *
   * @param so - the settings above this one in the table, resolved.
   */
  readonly otherwise?: (basis: RunBasis, so: OtherSettings) => z.output<Schema> | undefined;
  /** What is wrong with a value, as `expected …, got …. Remedy.`; undefined when nothing is. */
  readonly wrong?: (value: z.output<Schema>, others: OtherSettings) => string | undefined;
  /** Whether a continuation may have another value: what is computed may not change, how long, how often, where and by what may. */
  readonly mayChange?: boolean;
}

/** Keeps a setting's own type. */
export const setting = <Schema extends z.ZodType>(of: Setting<Schema>): Setting<Schema> => of;

/** `--beta2` of `--beta2 <x>`. */
export const optionOf = ({ flags }: Pick<Setting, 'flags'>): string => flags.split(' ')[0] ?? flags;

/** For `wrong`: a number above 0. */
export const above0 = (value: number): string | undefined =>
  value > 0 ? undefined : `expected a number above 0, got ${value}. Correct it.`;
