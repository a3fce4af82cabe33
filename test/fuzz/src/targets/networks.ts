import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUNet } from '@edm2/edm2-unet';
import { loadNetwork, saveNetwork } from '@edm2/edm2-unet/node';
import { openSnapshots } from '@edm2/phema/node';
import { PickleParseError, SafetensorsParseError } from '@edm2/tensor-files';
import { adam, createTrainStep } from '@edm2/training';
import { loadState, saveState } from '@edm2/training/node';
import * as tf from '@tensorflow/tfjs-core';
import { anyPickle } from '../generators/pickle.js';
import { anySafetensors } from '../generators/safetensors.js';
import { goldens, oneFile, type Target } from './target.js';

/** A network of a few kilobytes and its training state, as our own writers leave them. */
export async function ownFiles(): Promise<{ network: Uint8Array; state: Uint8Array }> {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-fuzz-own-'));
  try {
    const unet = createUNet({
      config: 'G',
      imgResolution: 8,
      imgChannels: 1,
      modelChannels: 4,
      channelMult: [1],
      numBlocks: 1,
      channelsPerHead: 4,
    });
    const state = createTrainStep({ unet, optimizer: adam(), emaSigmaRels: [0.05] }).init(1);
    await saveNetwork(join(folder, 'network.safetensors'), { unet, params: state.params });
    await saveState(join(folder, 'state.safetensors'), state, {});
    tf.dispose(state);
    return {
      network: readFileSync(join(folder, 'network.safetensors')),
      state: readFileSync(join(folder, 'state.safetensors')),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Networks, training states and averages. */
export function networkTargets({ network, state }: { network: Uint8Array; state: Uint8Array }): Target[] {
  const safetensors = [...goldens('stats-tiny.safetensors', 'ops.safetensors'), network, state];
  return [
    oneFile(
      'network',
      'case.safetensors',
      [network],
      anySafetensors,
      [SafetensorsParseError, RangeError],
      async (path) => {
        const { params } = await loadNetwork(path);
        tf.dispose(params);
      },
    ),
    oneFile(
      'network snapshot',
      'net-0000001-0.050.pkl',
      goldens('edm2-tiny-rgb-0000262-0.050.pkl', 'network-snapshot-0008388-0.100.pkl'),
      anyPickle,
      [PickleParseError, RangeError],
      async (path) => {
        const { params } = await loadNetwork(path);
        tf.dispose(params);
      },
    ),
    oneFile(
      'training state',
      'case.safetensors',
      [state],
      anySafetensors,
      [SafetensorsParseError, RangeError],
      async (path) => {
        tf.dispose((await loadState(path)).state);
      },
    ),
    oneFile(
      'stored averages',
      'network-snapshot-0000001-0.050.safetensors',
      safetensors,
      anySafetensors,
      [SafetensorsParseError, PickleParseError, RangeError],
      async (path) => {
        const set = await openSnapshots(join(path, '..'));
        await set.close();
      },
    ),
  ];
}
