import { openStateDict } from '@edm2/tensor-files';
import { fromStateDict } from '@edm2/tensor-files/tfjs';
import { joinParts } from '../collect-features.js';
import { type Detector, dinov2Detector, inceptionDetector } from './detectors.js';
import type { RunningEngine } from './engine.js';
import { type PixelBatch, splitPixels } from './images/pixel-batch.js';
import { openNetwork } from './open-network.js';
import { type FeatureBatch, runBatch } from './run-batch.js';
import { readWeights } from './weights/read-weights.js';

/** A feature network that looks at images of any size. */
export interface FeatureNetworkOfImages
  extends Pick<Detector, 'name' | 'figure' | 'dims'>,
    Partial<Pick<Detector, 'classes'>> {
  /** Under which name files of statistics hold its features. */
  readonly metric: Detector['metric'];
  /** @throws {RangeError} (rejects) when images are neither grey nor RGB. */
  judge(images: PixelBatch): Promise<FeatureBatch>;
  dispose(): void;
}

/** Width of a head in every published DINOv2. */
const DINOV2_HEAD = 64;

/** Networks by what `fid weights` writes into a file that they are of: another one is one more line. */
const DETECTORS: readonly (readonly [RegExp, (path: string) => Promise<Detector>])[] = [
  [/^inception$/, async () => inceptionDetector()],
  [/^dinov2(-|$)/, dinov2OfFile],
];

/** Whether weights that say `network` of themselves are of a network that {@link openFeatureNetwork} opens. */
export const isFeatureNetwork = (network: string): boolean => DETECTORS.some(([pattern]) => pattern.test(network));

/**
 * Opens Inception or a DINOv2 of any size, with the resizing of published figures.
 *
 * @param path - its weights, as `fid weights` keeps them.
 * @param network - what they say that they are.
 * @param batch - images at a time: one compiled shape.
 * @throws {RangeError} (rejects) when their tensors are not the network's.
 */
export async function openFeatureNetwork(
  path: string,
  { network, engine, batch }: { network: string; engine: RunningEngine; batch: number },
): Promise<FeatureNetworkOfImages> {
  const found = DETECTORS.find(([pattern]) => pattern.test(network));
  if (!found)
    throw new RangeError(
      `openFeatureNetwork: expected inception or dinov2, got ${network}. Keep weights with: npx fid weights`,
    );
  const detector = await found[1](path);
  const dict = await readWeights(path, detector.parameters);
  const { run, close } = await openNetwork(
    detector,
    async () => fromStateDict(detector.parameters, dict),
    engine,
    batch,
  );
  const { name, figure, dims, classes, metric } = detector;
  return {
    ...{ name, figure, dims, metric },
    ...(classes === undefined ? {} : { classes }),
    async judge(images) {
      const [count, , , channels] = images.shape;
      if (channels !== 1 && channels !== 3)
        throw new RangeError(
          `${name}.judge: expected grey or RGB images, got ${channels} channels. Decode them first.`,
        );
      const prepared = splitPixels(images).map((image) => detector.prepare(image));
      const parts: FeatureBatch[] = [];
      for (let at = 0; at < count; at += batch) parts.push(runBatch(run, prepared.slice(at, at + batch), batch));
      const logits = parts.flatMap((part) => part.logits ?? []);
      return {
        features: joinParts(parts.map(({ features }) => features)),
        ...(logits.length > 0 ? { logits: joinParts(logits) } : {}),
      };
    },
    dispose: close,
  };
}

async function dinov2OfFile(path: string): Promise<Detector> {
  const file = await openStateDict(path);
  try {
    const dim = file.entries.get('cls_token')?.shape.at(-1) ?? 0;
    const blocks = [...file.entries.keys()].map((name) => /^blocks\.(\d+)\./.exec(name)?.[1]);
    const depth = new Set(blocks.filter((block) => block !== undefined)).size;
    return dinov2Detector('torch', { dim, depth, heads: dim / DINOV2_HEAD });
  } finally {
    await file.close();
  }
}
