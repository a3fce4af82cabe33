import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createUNet, initParams, type UNetOptions } from '@edm2/edm2-unet';
import { saveNetwork } from '@edm2/edm2-unet/node';
import { snapshotName } from '@edm2/tensor-files';
import * as tf from '@tensorflow/tfjs-core';

/** Writes a network of random weights, its gains not zero, so that labels and noise levels matter. */
export async function writeNetwork(
  path: string,
  { seed = 1, metadata, ...options }: Partial<UNetOptions> & { seed?: number; metadata?: Record<string, string> } = {},
): Promise<void> {
  const unet = createUNet({
    ...{ config: 'G', imgResolution: 8, imgChannels: 1, labelDim: 4, modelChannels: 16 },
    ...{ channelMult: [1], numBlocks: 1, attnResolutions: [] },
    ...options,
  });
  const params = initParams(unet, seed);
  for (const { name, kind } of unet.parameters)
    if (kind === 'gain') {
      params[name]?.dispose();
      params[name] = tf.scalar(0.5);
    }
  await saveNetwork(path, { unet, params, ...(metadata ? { metadata } : {}) });
  tf.dispose(params);
}

/** Averages of two lengths at two times, as a run stores them. */
export async function writeRun(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [i, [nimg, sigmaRel]] of [
    [1024, 0.05],
    [1024, 0.1],
    [2048, 0.05],
    [2048, 0.1],
  ].entries() as IterableIterator<[number, [number, number]]>)
    await writeNetwork(join(folder, snapshotName('network-snapshot', { nimg, sigmaRel }, { time: 'thousands' })), {
      seed: i + 1,
      metadata: { nimg: String(nimg), sigmaRel: String(sigmaRel) },
    });
}
