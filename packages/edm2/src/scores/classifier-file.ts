import { readSafetensors, writeSafetensors } from '@edm2/tensor-files';
import { fromStateDict, type ParameterSpec, type StateDict, toStateDict } from '@edm2/tensor-files/tfjs';
import type { Engine } from '@edm2/tfjs-jit';
import { type Classifier, createClassifier, SHAPES } from './classifier.js';

/** The metadata field `format` of the file. */
export const CLASSIFIER_FORMAT = 'edm2-classifier-1';

const PARAMETERS: readonly ParameterSpec[] = Object.entries(SHAPES).map(([name, shape]) => ({
  name,
  shape,
  kind: name === 'bias' ? 'bias' : 'weight',
}));

/** Writes a classifier, so that scores of another day compare with today's. */
export async function saveClassifier(path: string, { params }: Pick<Classifier, 'params'>): Promise<void> {
  await writeSafetensors(path, toStateDict(PARAMETERS, params), { format: CLASSIFIER_FORMAT });
}

/**
 * Reads what {@link saveClassifier} wrote.
 *
 * @throws {RangeError} when the file holds something else.
 * @throws {SafetensorsParseError} when it is damaged.
 */
export async function loadClassifier(path: string, engine: Engine | undefined): Promise<Classifier> {
  const file = await readSafetensors(path);
  try {
    if (file.metadata['format'] !== CLASSIFIER_FORMAT)
      throw new RangeError(
        `loadClassifier: expected a file of format ${CLASSIFIER_FORMAT}, got ${path} of ${file.metadata['format'] ?? 'none'}. The main job writes one: runs/mnist/classifier.safetensors.`,
      );
    await file.verify();
    const dict: StateDict = {};
    for (const name of file.names) dict[name] = await file.readFloat32(name);
    return createClassifier(fromStateDict(PARAMETERS, dict), engine);
  } finally {
    await file.close();
  }
}
