import {
  moduleState,
  openPickle,
  parseSnapshotName,
  pickledInstance,
  SNAPSHOT_GLOBALS,
  type TorchTensor,
} from '@edm2/tensor-files';
import { createUNet, type UNet } from '../unet.js';
import { encoderMetadata, snapshotConfig, snapshotSigmaData } from './snapshot-config.js';

/** The licence of the networks that NVIDIA published, as SPDX names it. */
export const SNAPSHOT_LICENSE = 'CC-BY-NC-SA-4.0';

/** What that licence asks of whoever passes the weights on, converted ones too. */
export const SNAPSHOT_LICENSE_NOTICE =
  'Networks published by NVIDIA with EDM2 are licensed under Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International ' +
  '(https://creativecommons.org/licenses/by-nc-sa/4.0/), Copyright (c) 2024, NVIDIA CORPORATION & AFFILIATES. They may be shared and adapted ' +
  'for non-commercial purposes, with attribution and under the same licence. These weights are a conversion of such a file; nothing but their format, ' +
  'and their precision where said, was changed.';

/** A network snapshot of NVIDIA's tool, open: its tensors stay in the file until they are read. */
export interface SnapshotFile {
  readonly unet: UNet;
  /** Tensors of the whole net by state-dict name: `unet.*`, and the `logvar_*` head of training. */
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** Standard deviation of the data, as the preconditioning takes it. */
  readonly sigmaData: number;
  /** Text fields as `saveNetwork` writes them: config, dtype, sigmaData, and what name and pickle tell (sigmaRel, nimg, encoder, vae). */
  readonly metadata: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Opens a `.pkl` network snapshot of NVIDIA's EDM2 without executing anything in it, and checks that it holds a network that is known here,
 * every tensor of its shape.
 *
 * @throws {PickleParseError} (rejects) when it is damaged, or asks for names that such a file does not need.
 * @throws {RangeError} (rejects) when it holds something else.
 */
export async function openSnapshot(path: string): Promise<SnapshotFile> {
  const file = await openPickle(path, { allow: SNAPSHOT_GLOBALS });
  try {
    const top = file.value instanceof Map ? file.value : new Map();
    const net = pickledInstance(top.get('ema'));
    if (!net)
      throw new RangeError(
        `loadNetwork: expected a dictionary with a network under ema, got another value in ${path}. Is it a network snapshot of EDM2?`,
      );
    const unet = createUNet(snapshotConfig(net));
    const tensors = moduleState(top.get('ema'));
    checkTensors(unet, tensors);
    const label = parseSnapshotName(path);
    const sigmaData = snapshotSigmaData(net);
    return {
      unet,
      tensors,
      sigmaData,
      metadata: {
        config: JSON.stringify(unet.config),
        dtype: String(tensors.get('unet.out_conv.weight')?.dtype ?? 'F32'),
        ...(label ? { sigmaRel: String(label.sigmaRel), nimg: String(label.nimg) } : {}),
        sigmaData: String(sigmaData),
        ...encoderMetadata(pickledInstance(top.get('encoder'))),
      },
      close: file.close,
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function checkTensors(unet: UNet, tensors: ReadonlyMap<string, TorchTensor>): void {
  const known = new Map(unet.parameters.map(({ name, shape }) => [name, shape]));
  for (const [name, shape] of known) {
    const tensor = tensors.get(name);
    const stored = [shape.at(-1), shape.at(-2), ...shape.slice(0, -2)].slice(0, shape.length);
    const expected = shape.length < 2 ? [...shape] : stored;
    const fits = tensor && (tensor.shape.join() === expected.join() || (expected.length === 0 && tensor.size === 1));
    if (!fits)
      throw new RangeError(
        `loadNetwork: expected ${name} of shape [${expected}], got ${tensor ? `[${tensor.shape}]` : 'none'}. The snapshot is of another network.`,
      );
  }
  const extra = [...tensors.keys()].find((name) => !known.has(name) && !name.startsWith('logvar_'));
  if (extra !== undefined)
    throw new RangeError(
      `loadNetwork: expected the tensors of config G only, got ${extra} too. It is another network.`,
    );
}
