import { UsageError } from '@edm2/app-kit/command/errors';
import { CLASSIFIER_FORMAT, loadClassifier } from '@edm2/app-kit/scores/classifier-file';
import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import type { EngineReport } from '@edm2/engine';
import { readSafetensors } from '@edm2/tensor-files';

/** Reads the weights of one kind of feature network. */
type Reader = (path: string, engine: EngineReport) => Promise<FeatureNetwork>;

/** Readers by the metadata field `format` of the file: another network is one more line. */
const READERS: Readonly<Record<string, Reader>> = {
  [CLASSIFIER_FORMAT]: (path, { engine }) => loadClassifier(path, engine),
};

/**
 * Opens a feature network.
 *
 * @param path - its weights.
 * @throws {UsageError} when the file is of no kind that is known here.
 */
export async function openFeatures(path: string, engine: EngineReport): Promise<FeatureNetwork> {
  const file = await readSafetensors(path);
  const format = file.metadata['format'] ?? 'none';
  await file.close();
  const read = Object.hasOwn(READERS, format) ? READERS[format] : undefined;
  if (!read)
    throw new UsageError(
      `--features: expected a file of format ${Object.keys(READERS).join(' or ')}, got ${path} of format ${format}. The main job writes a classifier: runs/mnist/classifier.safetensors.`,
    );
  return read(path, engine);
}
