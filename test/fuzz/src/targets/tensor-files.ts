import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStatistics } from '@edm2/fid/node';
import {
  NpyParseError,
  NUMPY_GLOBALS,
  openPickle,
  PickleParseError,
  readNpy,
  readNpz,
  readPickle,
  readSafetensors,
  SafetensorsParseError,
  SNAPSHOT_GLOBALS,
  TORCH_GLOBALS,
  TorchTensor,
} from '@edm2/tensor-files';
import type { Dice } from '../dice.js';
import { anyNpy, anyPlainNpy } from '../generators/npy.js';
import { anyPickle } from '../generators/pickle.js';
import { anySafetensors } from '../generators/safetensors.js';
import { anyTar } from '../generators/tar.js';
import { anyZip, type Member } from '../generators/zip.js';
import { GOLDEN, goldens, oneFile, type Target } from './target.js';

/** Torch files of every kind of tensor, as torch wrote them. */
const torchKinds = (): Uint8Array[] =>
  readdirSync(join(GOLDEN, 'torch-kinds'))
    .filter((name) => name.endsWith('.pt'))
    .map((name) => readFileSync(join(GOLDEN, 'torch-kinds', name)));

/** Every tensor that a pickle's value holds is read; a cycle is walked once. */
async function readTensors(value: unknown, seen = new Set<unknown>()): Promise<void> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof TorchTensor) {
    if (value.size <= 1 << 22) await value.read();
  } else if (value instanceof Map) for (const [key, item] of value) await readTensors([key, item], seen);
  else if (Array.isArray(value)) for (const item of value) await readTensors(item, seen);
  else if (ArrayBuffer.isView(value)) return;
  else for (const item of Object.values(value)) await readTensors(item, seen);
}

async function readTorch(path: string): Promise<void> {
  const file = await openPickle(path, { allow: [...TORCH_GLOBALS, ...NUMPY_GLOBALS, ...SNAPSHOT_GLOBALS] });
  try {
    await readTensors(file.value);
    await file.verify();
  } finally {
    await file.close();
  }
}

const torchMembers = (dice: Dice): Member[] => [
  ['archive/data.pkl', anyPickle(dice)],
  ['archive/byteorder', Buffer.from('little')],
  ['archive/data/0', dice.bytes(64)],
  ['archive/version', Buffer.from('3\n')],
];

/**
 * Files of tensors in every format.
 *
 * @param own - safetensors of ours.
 */
export function tensorTargets(own: readonly Uint8Array[]): Target[] {
  const safetensors = [...goldens('stats-tiny.safetensors', 'ops.safetensors'), ...own];
  const pickles = goldens('.pkl', '.pth', '.pt');
  const npzs = goldens('.npz');
  return [
    oneFile('safetensors', 'case.safetensors', safetensors, anySafetensors, [SafetensorsParseError], async (path) => {
      const file = await readSafetensors(path);
      try {
        for (const name of file.names) await file.read(name);
        await file.verify();
      } finally {
        await file.close();
      }
    }),
    oneFile('npy', 'case.npy', [anyPlainNpy()], anyNpy, [NpyParseError], async (path) => {
      await readNpy(path);
      await readNpy(readFileSync(path));
    }),
    oneFile(
      'npz',
      'case.npz',
      npzs,
      (dice) =>
        anyZip(
          [
            ['mu.npy', anyNpy(dice)],
            ['sigma.npy', anyNpy(dice)],
          ],
          dice,
        ),
      [NpyParseError],
      async (path) => {
        await readNpz(path, { maxBytes: 1 << 28 });
      },
    ),
    oneFile('pickle', 'case.pkl', pickles, anyPickle, [PickleParseError], async (path) => {
      await readPickle(readFileSync(path), { allow: [...NUMPY_GLOBALS, ...TORCH_GLOBALS] });
      await readTorch(path);
    }),
    oneFile(
      'torch zip',
      'case.pt',
      goldens('state-dict.pth', 'training-state-0000008.pt'),
      (dice) => anyZip(torchMembers(dice), dice),
      [PickleParseError],
      readTorch,
    ),
    oneFile(
      'torch before zip',
      'case.pth',
      goldens('state-dict-legacy.pth'),
      (dice) =>
        anyTar(
          [
            ['sys_info', anyPickle(dice)],
            ['pickle', anyPickle(dice)],
            ['storages', dice.bytes(200)],
            ['tensors', dice.bytes(200)],
          ],
          dice,
        ),
      [PickleParseError],
      readTorch,
    ),
    oneFile(
      'torch kinds',
      'case.pt',
      torchKinds(),
      (dice) => anyZip(torchMembers(dice), dice),
      [PickleParseError],
      readTorch,
    ),
    oneFile(
      'statistics',
      'case.pkl',
      [
        ...goldens('stats-tiny.pkl', 'stats-tiny-np2.pkl', 'stats-tiny-p2.pkl'),
        ...npzs,
        ...goldens('stats-tiny.safetensors'),
      ],
      anyPickle,
      [PickleParseError, NpyParseError, SafetensorsParseError, RangeError],
      async (path) => {
        await readStatistics(path);
      },
    ),
  ];
}
