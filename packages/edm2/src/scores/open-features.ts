import { siblingCommand } from '@edm2/command/typed';
import type { EngineReport } from '@edm2/engine';
import { isFeatureNetwork, openFeatureNetwork } from '@edm2/fid/node';
import { readSafetensors } from '@edm2/tensor-files';
import { functionWords, OptionError, type Words } from '../words.js';
import { CLASSIFIER_FORMAT, loadClassifier } from './classifier-file.js';
import type { FeatureNetwork } from './feature-network.js';
import { fileFingerprint } from './fingerprint.js';

/** Images at a time: one compiled shape, and activations of large networks in a few hundred megabytes. */
const BATCH = 16;

/**
 * Opens a feature network.
 *
 * @param path - its weights.
 * @throws {OptionError} when the file is of no kind that is known here.
 * @throws {RangeError} when its tensors are not the network's.
 */
export async function openFeatures(
  path: string,
  { backend, engine }: Pick<EngineReport, 'engine'> & Partial<EngineReport>,
  words: Words = functionWords('openFeatures'),
): Promise<FeatureNetwork> {
  const file = await readSafetensors(path);
  try {
    const kind = file.metadata['network'] ?? file.metadata['format'] ?? 'none';
    if (kind !== CLASSIFIER_FORMAT && !isFeatureNetwork(kind))
      throw new OptionError(
        `${words.head('features')}: expected weights of inception or dinov2, or a classifier (${CLASSIFIER_FORMAT}), got ${path} of ${kind}. ${whereFeaturesComeFrom()}`,
      );
    await file.verify();
    if (kind === CLASSIFIER_FORMAT) return await loadClassifier(path, engine);
    const network = await openFeatureNetwork(path, { network: kind, engine: { backend, engine }, batch: BATCH });
    return { ...network, fingerprint: await fileFingerprint(path) };
  } finally {
    await file.close();
  }
}

/** What to do without a feature network. */
export const whereFeaturesComeFrom = (): string =>
  `${siblingCommand('fid', ['weights'])} says where Inception's (FID, 91 MB) and DINOv2's (FD_DINOv2, 1.2 GB) are fetched, and converts them; the main job writes a classifier for small grey images, runs/mnist/classifier.safetensors.`;
