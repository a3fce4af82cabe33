import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import type { AutoencoderKL } from '../autoencoder.js';
import type { LatentNormalizer } from '../latent-normalizer.js';
import type { Params } from '../network.js';
import { startChannelSums } from './channel-sums.js';
import { type DecoderStage, planDecoder } from './plan.js';
import { type CreateRows, memoryRows, type Rows } from './rows.js';
import { attendFunction, keysFunction, type StripFunction, stripFunction } from './strip-functions.js';
import {
  type Activations,
  attendRows,
  countStrips,
  haloMask,
  keep,
  rowsOf,
  strip,
  strips,
  withHalo,
} from './strips.js';

/** Options of {@link decodeSeamless}. */
export interface DecodeSeamlessOptions {
  readonly vae: AutoencoderKL;
  readonly params: Params;
  /** Pixels of a strip, at each resolution of the decoder; at least one row. Default 32,768: a few hundred megabytes of Stable Diffusion's. */
  readonly pixels?: number;
  /** Compiles a function of tensors, `(fn) => jit(fn, { engine })`. Default: it runs as it is. */
  readonly compile?: (fn: StripFunction) => StripFunction & { readonly dispose?: () => void };
  /** Where activations wait between stages: JavaScript's memory, or files (`fileRows` of `./node`). Default `memoryRows`. */
  readonly createRows?: CreateRows;
  /** Called after each strip. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Stops before the next strip; rejects with the signal's reason, and nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
  /** Comes along when what `loadAutoencoder` returned is spread; latents are decoded as they are. */
  readonly scaling?: LatentNormalizer | undefined;
}

const OPTIONS = {
  vae: true,
  params: true,
  pixels: true,
  compile: true,
  createRows: true,
  onProgress: true,
  signal: true,
  scaling: true,
} as const;

/**
 * What `vae.decode` gives, of latents of any size, while the engine never holds more than a strip of rows: the decoder runs stage
 * by stage over all strips, each convolution with a row of its neighbours, and every norm has the sums of the whole image. Equal to decoding
 * at once up to float32 rounding, no seam and no fading, in the arithmetic of one decoding. Whole activations wait in `createRows`: at most 2 KiB
 * for a pixel of the image with Stable Diffusion's autoencoder.
 *
 * @param latents - `[N, h, w, latentChannels]`, raw: what `normalizer.toRaw` gives; left as it is.
 * @returns new tensor `[N, h·factor, w·factor, outChannels]`, not clamped.
 * @throws {RangeError} (rejects) when pixels is not a whole number ≥ 1, or the latents are misshapen.
 */
export async function decodeSeamless(latents: tf.Tensor4D, options: DecodeSeamlessOptions): Promise<tf.Tensor4D> {
  const { vae, params, pixels = 2 ** 15 } = known('decodeSeamless', options, OPTIONS);
  const [n, h, w, channels] = latents.shape;
  if (!Number.isInteger(pixels) || pixels < 1)
    throw new RangeError(`decodeSeamless: expected pixels to be a whole number of at least 1, got ${pixels}.`);
  if (latents.rank !== 4 || channels !== vae.config.latentChannels || n * h * w === 0)
    throw new RangeError(
      `decodeSeamless: expected latents of shape [N, H, W, ${vae.config.latentChannels}], got [${latents.shape}]. Latents are channels-last.`,
    );
  const stages = planDecoder(vae.config);
  const total = n * countStrips(stages, h, w, pixels);
  let done = 0;
  const onStrip = (): void => options.onProgress?.(++done, total);
  const { factor } = vae;
  const { outChannels } = vae.config;
  const size = h * w * factor ** 2 * outChannels;
  const images = new Float32Array(n * size);
  const values = await latents.data<'float32'>();
  for (let image = 0; image < n; image++) {
    const one = values.subarray(image * h * w * channels, (image + 1) * h * w * channels);
    const decoder = new SeamlessDecoder(options, params, pixels, onStrip);
    try {
      images.set(await decoder.run(stages, one, [h, w, channels]), image * size);
    } finally {
      await decoder.dispose();
    }
  }
  return tf.tensor4d(images, [n, h * factor, w * factor, outChannels]);
}

/** The state of one image's decoding. */
class SeamlessDecoder {
  readonly #options: DecodeSeamlessOptions;
  readonly #params: Params;
  readonly #pixels: number;
  readonly #onStrip: () => void;
  readonly #held = new Set<Rows>();

  constructor(options: DecodeSeamlessOptions, params: Params, pixels: number, onStrip: () => void) {
    this.#options = options;
    this.#params = params;
    this.#pixels = pixels;
    this.#onStrip = onStrip;
  }

  async run(stages: readonly DecoderStage[], latents: Float32Array, [h, w, c]: [number, number, number]) {
    let x = await this.#hold(h, w, c);
    await x.rows.write(0, latents);
    let y: Activations | undefined;
    for (const stage of stages) {
      if (stage.op === 'attend') {
        x = await this.#attend(stage, x);
      } else if (stage.op === 'branch') {
        y = await this.#strips(stage, x);
      } else {
        const next: Activations = await this.#strips(stage, stage.op === 'join' && y ? y : x, x);
        for (const old of [x, y]) if (old && old.rows !== next.rows) await this.#release(old);
        x = next;
        y = undefined;
      }
    }
    return x.rows.read(0, x.rows.height);
  }

  async dispose(): Promise<void> {
    for (const rows of this.#held) await rows.dispose();
    this.#held.clear();
  }

  async #hold(height: number, width: number, channels: number): Promise<Activations> {
    const rows = await (this.#options.createRows ?? memoryRows)(height, width * channels);
    this.#held.add(rows);
    return { rows, width, channels, sums: startChannelSums(channels) };
  }

  async #release({ rows }: Activations): Promise<void> {
    this.#held.delete(rows);
    await rows.dispose();
  }

  /** Runs a function strip by strip: compiled once, released at the end. */
  async #compiled(fn: StripFunction, work: (run: StripFunction) => Promise<void>): Promise<void> {
    const compiled: StripFunction & { readonly dispose?: () => void } = this.#options.compile?.(fn) ?? fn;
    try {
      await work((inputs) => tf.tidy(() => compiled(inputs)));
    } finally {
      compiled.dispose?.();
    }
  }

  /** @param input - what the convolution reads. @param main - x of a `join`; a result of its shape takes its place. */
  async #strips(
    stage: Exclude<DecoderStage, { op: 'attend' }>,
    input: Activations,
    main?: Activations,
  ): Promise<Activations> {
    const to = (this.#params[`${stage.conv}.weight`]?.shape ?? []).at(-1) ?? 0;
    const scale = stage.op === 'double' ? 2 : 1;
    const { height } = input.rows;
    const inPlace = stage.op === 'join' && main && main.channels === to;
    const output: Activations = inPlace
      ? { ...main, sums: startChannelSums(to) }
      : await this.#hold(height * scale, input.width * scale, to);
    const norm = 'norm' in stage ? await this.#norm(stage.norm, input) : [];
    try {
      await this.#compiled(stripFunction(stage, this.#params), async (run) => {
        for (const { top, count } of strips(height, rowsOf(input.width, this.#pixels))) {
          this.#options.signal?.throwIfAborted();
          const own = [await withHalo(input, top, count), haloMask(top, count, height)];
          if (stage.op === 'join' && main) own.push(await strip(main, top, count));
          const [halo, mask, ...rest] = own as [tf.Tensor, tf.Tensor, ...tf.Tensor[]];
          const result = run([halo, mask, ...norm, ...rest]);
          await keep(result, output, top * scale, scale * count * output.width);
          tf.dispose([...own, ...result]);
          this.#onStrip();
        }
      });
    } finally {
      tf.dispose(norm);
    }
    return output;
  }

  async #attend({ norm: normName, name }: DecoderStage & { op: 'attend' }, x: Activations): Promise<Activations> {
    const { height } = x.rows;
    const { width, channels } = x;
    const norm = await this.#norm(normName, x);
    const whole = height * width;
    const keys = new Float32Array(whole * channels);
    const values = new Float32Array(whole * channels);
    const each = rowsOf(width, this.#pixels);
    await this.#compiled(keysFunction(name, this.#params), async (run) => {
      for (const { top, count } of strips(height, each)) {
        const part = await strip(x, top, count);
        const result = run([part, ...norm]);
        const [k, v] = await Promise.all(result.map((tensor) => tensor.data<'float32'>()));
        if (k && v) {
          keys.set(k, top * width * channels);
          values.set(v, top * width * channels);
        }
        tf.dispose([part, ...result]);
      }
    });
    const output = { ...x, sums: startChannelSums(channels) };
    const attended = [tf.tensor2d(keys, [whole, channels]), tf.tensor2d(values, [whole, channels])];
    await this.#compiled(attendFunction(name, this.#params), async (run) => {
      for (const { top, count } of strips(height, attendRows(height, width, this.#pixels))) {
        this.#options.signal?.throwIfAborted();
        const part = await strip(x, top, count);
        const result = run([part, ...norm, ...attended]);
        await keep(result, output, top, count * width);
        tf.dispose([part, ...result]);
        this.#onStrip();
      }
    }).finally(() => tf.dispose([...attended, ...norm]));
    return output;
  }

  /** Mean, scale and shift of each channel for a norm of activations, `[C]` each. */
  async #norm(name: string, { sums, channels }: Activations): Promise<tf.Tensor[]> {
    const { mean, scale } = sums.norm(this.#options.vae.config.normNumGroups);
    const weight = await this.#params[`${name}.weight`]?.data();
    const bias = this.#params[`${name}.bias`];
    if (weight?.length !== channels || !bias)
      throw new RangeError(
        `decodeSeamless: expected params to hold ${name} of shape [${channels}], got ${weight ? `[${weight.length}]` : 'no such name'}. Pass the parameters of this very network.`,
      );
    return [
      tf.tensor1d(Float32Array.from(mean)),
      tf.tensor1d(Float32Array.from(scale, (value, i) => value * (weight[i] as number))),
      tf.clone(bias),
    ];
  }
}
