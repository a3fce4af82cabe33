import { join } from 'node:path';

/** Images of a folder where `--subdirs` asks for several. */
const PER_FOLDER = 1000;

const six = (n: number): string => String(n).padStart(6, '0');

/** Path of a seed's image: `000123.png`, with `subdirs` `000000/000123.png`. */
export const imagePath = (outdir: string, seed: number, subdirs: boolean): string =>
  join(outdir, ...(subdirs ? [six(seed - (seed % PER_FOLDER))] : []), `${six(seed)}.png`);
