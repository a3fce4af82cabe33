import { stat } from 'node:fs/promises';
import { known, type OptionNames } from '@edm2/options';
import { seedClass } from '@edm2/sampler';
import type { Model, ModelSampleOptions, SaveOptions } from './model.js';
import { writeGrid } from './pictures/write-grid.js';
import { imagePath, writeImage } from './pictures/write-image.js';
import type { Decoder } from './sample/decode.js';
import { joinBatches, type PixelBatch, sliceBatch } from './sample/images.js';
import { guided, type OpenDenoiser } from './sample/open-denoiser.js';
import { SOLVERS, samplePixels } from './sample/sample-pixels.js';
import { OptionError } from './words.js';

/** What a model is made of. */
export interface ModelParts extends Pick<Model, 'engine' | 'how' | 'warnings'> {
  readonly denoiser: OpenDenoiser;
  /** An error where there is none. */
  readonly decoder: Decoder | OptionError;
}

const OPTIONS: OptionNames<ModelSampleOptions> = {
  ...{ seeds: true, classes: true, labels: true, guidance: true, steps: true, solver: true, sigmaMin: true },
  ...{ sigmaMax: true, rho: true, churn: true, batch: true, onProgress: true, signal: true },
};
const SAVE: OptionNames<SaveOptions> = { ...OPTIONS, overwrite: true };

/** As the command draws: the same images to the last bit. */
const BATCH = 32;
const STEPS = 32;

/** A model of an open network, which it disposes of with itself. */
export function createModel({ denoiser, decoder, engine, how, warnings }: ModelParts): Model {
  const { path, config, metadata, sigmaData } = denoiser;

  async function* sample(options: ModelSampleOptions, fn = 'sample') {
    const { seeds, guidance, churn, onProgress, signal, batch = BATCH, steps = STEPS, solver } = options;
    if (decoder instanceof OptionError) throw decoder;
    checkSeeds(fn, seeds);
    if (solver !== undefined && !Object.hasOwn(SOLVERS, solver))
      throw new OptionError(`${fn}: expected a solver, ${Object.keys(SOLVERS).join(', ')}, got ${solver}. Choose one.`);
    const away = guidance && {
      path: guidance.model.path,
      config: guidance.model.config,
      denoise: guidance.model.denoiser,
    };
    const { sigmaMin, sigmaMax, rho } = options;
    for await (const { seeds: drawn, images } of samplePixels({
      denoise: guided({ path, config, denoise: denoiser.denoise }, away, {
        weight: guidance?.weight ?? 1,
        interval: guidance?.interval,
      }),
      config,
      seeds,
      ...labelsOf(fn, options, config.labelDim),
      settings: {
        steps,
        ...(sigmaMin === undefined ? {} : { sigmaMin }),
        ...(sigmaMax === undefined ? {} : { sigmaMax }),
        ...(rho === undefined ? {} : { rho }),
        ...(solver === undefined ? {} : { solver }),
        churn,
      },
      batch: Math.min(batch, Math.max(1, seeds.length)),
      fullBatches: true,
      decoder,
      onProgress,
      signal,
    }))
      yield { seeds: drawn, images };
  }

  const model: Model = {
    path,
    how,
    config,
    metadata,
    sigmaData,
    classes: config.labelDim,
    engine,
    warnings,
    denoiser: denoiser.denoise,
    async *sample(options) {
      for await (const { seeds, images } of sample(known('sample', options, OPTIONS)))
        yield { seeds, images: images.data, shape: images.shape };
    },
    async saveGrid(file, options) {
      const { columns, overwrite, ...rest } = known('saveGrid', options, { ...SAVE, columns: true });
      checkSeeds('saveGrid', rest.seeds);
      await expectNew('saveGrid', [file], overwrite);
      const drawn: PixelBatch[] = [];
      for await (const { images } of sample(rest, 'saveGrid')) drawn.push(images);
      await writeGrid(file, joinBatches(drawn), columns === undefined ? {} : { columns });
    },
    async saveImages(folder, options) {
      const { overwrite, ...rest } = known('saveImages', options, SAVE);
      checkSeeds('saveImages', rest.seeds);
      const paths = rest.seeds.map((seed) => imagePath(folder, seed));
      await expectNew('saveImages', paths, overwrite);
      for await (const { seeds, images } of sample(rest, 'saveImages'))
        for (const [i, seed] of seeds.entries())
          await writeImage(imagePath(folder, seed), sliceBatch(images, i, i + 1));
      return paths;
    },
    dispose() {
      denoiser.dispose();
      if (!(decoder instanceof OptionError)) decoder.dispose();
    },
  };
  return model;
}

function checkSeeds(fn: string, seeds: unknown): void {
  if (!Array.isArray(seeds) || seeds.length === 0)
    throw new OptionError(`${fn}: expected { seeds: [0, 1, …] }, one for each image, got none. Give at least one.`);
  const odd = seeds.find((seed) => !(Number.isSafeInteger(seed) && seed >= 0));
  if (odd !== undefined)
    throw new OptionError(`${fn}: expected seeds to be whole numbers ≥ 0, got ${odd}. Choose others.`);
  if (new Set(seeds).size !== seeds.length)
    throw new OptionError(`${fn}: expected each seed once, got one twice. It would be the same image; leave it out.`);
}

/** The class or the label row of each seed. */
function labelsOf(
  fn: string,
  { seeds, classes, labels }: ModelSampleOptions,
  labelDim: number,
): { classOf: (seed: number) => number; labelOf?: (seed: number) => Float32Array } {
  if ((classes !== undefined || labels !== undefined) && labelDim === 0)
    throw new OptionError(
      `${fn}: expected no classes for a network without any, got some. Leave { ${classes === undefined ? 'labels' : 'classes'} } out.`,
    );
  if (classes !== undefined && labels !== undefined)
    throw new OptionError(`${fn}: expected classes or labels, got both. A label row stands for a class; give one.`);
  for (const [name, list] of Object.entries({ classes, labels }))
    if (Array.isArray(list) && list.length !== seeds.length)
      throw new OptionError(
        `${fn}: expected ${name} for each of ${seeds.length} seeds, got ${list.length}. Give one each${name === 'classes' ? ', or a single number for all' : ''}.`,
      );
  const index = new Map(seeds.map((seed, i) => [seed, i]));
  const at = (seed: number): number => index.get(seed) ?? 0;
  const classOf = (seed: number): number => {
    const label =
      classes === undefined
        ? labelDim > 0
          ? seedClass(seed, labelDim)
          : -1
        : typeof classes === 'number'
          ? classes
          : typeof classes === 'function'
            ? classes(seed)
            : Number(classes[at(seed)]);
    if (labelDim > 0 && !(Number.isInteger(label) && label >= 0 && label < labelDim))
      throw new OptionError(
        `${fn}: expected classes from 0 to ${labelDim - 1}, got ${label} for seed ${seed}. Choose one that the network knows.`,
      );
    return label;
  };
  if (labels === undefined) return { classOf };
  return {
    classOf,
    labelOf(seed) {
      const row = typeof labels === 'function' ? labels(seed) : labels[at(seed)];
      return Float32Array.from(row ?? []);
    },
  };
}

async function expectNew(fn: string, paths: readonly string[], overwrite = false): Promise<void> {
  if (overwrite) return;
  for (const path of paths) {
    const there = await stat(path).then(
      () => true,
      () => false,
    );
    if (there)
      throw new OptionError(
        `${fn}: expected a new file, got ${path}, which is there already. Choose another name, or pass { overwrite: true }.`,
      );
  }
}
