import { siblingCommand } from '@edm2/command/typed';
import type { EngineReport } from '@edm2/engine';
import { createDinov2 } from '@edm2/fid/dinov2';
import { createInception } from '@edm2/fid/inception';
import { readSafetensors, type SafetensorsFile } from '@edm2/tensor-files';
import { fromStateDict, type ParameterSpec, type StateDict } from '@edm2/tensor-files/tfjs';
import { functionWords, OptionError, type Words } from '../words.js';
import { CLASSIFIER_FORMAT, loadClassifier } from './classifier-file.js';
import type { FeatureNetwork } from './feature-network.js';
import { fileFingerprint } from './fingerprint.js';
import { createImageDetector } from './image-detector.js';

/** Reads the weights of one kind of feature network. */
type Reader = (path: string, file: SafetensorsFile, engine: Pick<EngineReport, 'engine'>) => Promise<FeatureNetwork>;

/** Readers by what the file's metadata say that it is (`network`, as `fid weights` writes, or `format`): another network is one more line. */
const READERS: Readonly<Record<string, Reader>> = {
  [CLASSIFIER_FORMAT]: (path, _file, { engine }) => loadClassifier(path, engine),
  inception: readInception,
  dinov2: readDinov2,
};

/**
 * Opens a feature network.
 *
 * @param path - its weights.
 * @throws {OptionError} when the file is of no kind that is known here.
 * @throws {RangeError} when its tensors are not the network's.
 */
export async function openFeatures(
  path: string,
  engine: Pick<EngineReport, 'engine'>,
  words: Words = functionWords('openFeatures'),
): Promise<FeatureNetwork> {
  const file = await readSafetensors(path);
  try {
    const kind = file.metadata['network'] ?? file.metadata['format'] ?? 'none';
    const read = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
    if (!read)
      throw new OptionError(
        `${words.head('features')}: expected weights of ${Object.keys(READERS).join(', ')}, got ${path} of ${kind}. ${whereFeaturesComeFrom()}`,
      );
    await file.verify();
    return await read(path, file, engine);
  } finally {
    await file.close();
  }
}

/** What to do without a feature network. */
export const whereFeaturesComeFrom = (): string =>
  `Those of FID and FD_DINOv2: ${siblingCommand('fid', ['weights'])}; the main job writes a classifier for small grey images, runs/mnist/classifier.safetensors.`;

/** Of Inception: one row a class. */
const CLASS_LAYER = 'fc.weight';

async function readInception(
  path: string,
  file: SafetensorsFile,
  { engine }: Pick<EngineReport, 'engine'>,
): Promise<FeatureNetwork> {
  const inception = createInception();
  return createImageDetector({
    name: 'inception',
    figure: 'FID',
    metric: 'fid',
    dims: 2048,
    fingerprint: await fileFingerprint(path),
    params: await readParams(file, inception.parameters),
    classes: inception.parameters.find(({ name }) => name === CLASS_LAYER)?.shape.at(-1) ?? 0,
    apply: (params, images) => {
      const { pool, logitsUnbiased } = inception.apply(params, images);
      return { features: pool, logits: logitsUnbiased };
    },
    engine,
  });
}

/** Width of a head in every published DINOv2. */
const HEAD = 64;

async function readDinov2(
  path: string,
  file: SafetensorsFile,
  { engine }: Pick<EngineReport, 'engine'>,
): Promise<FeatureNetwork> {
  const dim = file.entries.get('cls_token')?.shape.at(-1) ?? 0;
  const depth = new Set(file.names.map((name) => /^blocks\.(\d+)\./.exec(name)?.[1]).filter(Boolean)).size;
  const dinov2 = createDinov2({ dim, depth, heads: dim / HEAD });
  return createImageDetector({
    name: 'dinov2',
    figure: 'FD_DINOv2',
    metric: 'fd_dinov2',
    dims: dim,
    fingerprint: await fileFingerprint(path),
    params: await readParams(file, dinov2.parameters),
    apply: (params, images) => ({ features: dinov2.apply(params, images) }),
    engine,
  });
}

async function readParams(file: SafetensorsFile, parameters: readonly ParameterSpec[]) {
  const dict: StateDict = {};
  for (const name of file.names) dict[name] = await file.readFloat32(name);
  return fromStateDict(parameters, dict);
}
