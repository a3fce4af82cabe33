import '@tensorflow/tfjs-backend-cpu';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { DatasetError, openDataset, verifyDataset } from '@edm2/dataset';
import { createUNet } from '@edm2/edm2-unet';
import { loadNetwork, saveNetwork } from '@edm2/edm2-unet/node';
import { readStatistics } from '@edm2/fid/node';
import { openSnapshots } from '@edm2/phema/node';
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
import { goldenPath } from '@edm2/test-support';
import { adam, createTrainStep } from '@edm2/training';
import { loadState, saveState } from '@edm2/training/node';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import type { Dice } from './dice.js';
import { anyIdx, anyJpeg, anyPng } from './generators/images.js';
import { jsonWithOddPart } from './generators/json.js';
import { anyArrays, anyNpy } from './generators/npy.js';
import { anyPickle } from './generators/pickle.js';
import { anySafetensors } from './generators/safetensors.js';
import { anyTar } from './generators/tar.js';
import { anyZip, type Member } from './generators/zip.js';
import { mutate } from './mutate.js';

/** A way in for untrusted bytes. */
export interface Target {
  readonly name: string;
  /** Makes the case in an empty folder; its files are what a user would have. */
  make(folder: string, dice: Dice): void;
  /** Reads all of it, as the commands do. */
  read(folder: string): Promise<void>;
  /** What it may throw: damage that is named. */
  readonly errors: readonly (new (
    ...args: never[]
  ) => Error)[];
}

const GOLDEN = goldenPath('.');
/** Larger files only make damage rarer. */
const MAX_SEED_BYTES = 1_500_000;

/** Golden files with these endings, small enough to be damaged where it matters. */
function goldens(...endings: readonly string[]): Uint8Array[] {
  const files = readdirSync(GOLDEN).filter((name) => endings.some((ending) => name.endsWith(ending)));
  const seeds = files.map((name) => readFileSync(join(GOLDEN, name))).filter(({ length }) => length <= MAX_SEED_BYTES);
  if (seeds.length === 0) throw new Error(`fuzz: expected golden files that end in ${endings.join(', ')}, got none.`);
  return seeds;
}

/** Torch files of every kind of tensor, as torch wrote them. */
const torchKinds = (): Uint8Array[] =>
  readdirSync(join(GOLDEN, 'torch-kinds'))
    .filter((name) => name.endsWith('.pt'))
    .map((name) => readFileSync(join(GOLDEN, 'torch-kinds', name)));

/** Images of every mode that Pillow writes, under their names. */
function oddImages(): { name: string; bytes: Uint8Array }[] {
  const groups: Readonly<Record<string, readonly { name: string; file: string }[]>> = JSON.parse(
    readFileSync(join(GOLDEN, 'odd-images.json'), 'utf8'),
  );
  return Object.values(groups)
    .flat()
    .map(({ name, file }) => ({ name, bytes: Buffer.from(file, 'base64') }));
}

/** The case in one file: damaged golden ones, and generated ones as they come or damaged once more. */
function oneFile(
  name: string,
  file: string,
  seeds: readonly Uint8Array[],
  generate: (dice: Dice) => Uint8Array,
  errors: Target['errors'],
  read: (path: string) => Promise<void>,
): Target {
  return {
    name,
    errors,
    make(folder, dice) {
      const generated = dice.chance(0.4);
      const bytes = generated ? generate(dice) : dice.pick(seeds);
      writeFileSync(join(folder, file), generated && dice.chance(0.7) ? bytes : mutate(bytes, dice, seeds));
    },
    read: (folder) => read(join(folder, file)),
  };
}

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

async function readData(path: string): Promise<void> {
  const dataset = await openDataset(path);
  try {
    await verifyDataset(dataset);
  } finally {
    await dataset.close();
  }
}

/** Small images of each kind that datasets hold: made once. */
async function images(): Promise<{ pngs: Uint8Array[]; jpegs: Uint8Array[]; others: [string, Uint8Array][] }> {
  const raw = (channels: 1 | 2 | 3 | 4) =>
    sharp(Buffer.from(Array.from({ length: 64 * channels }, (_, i) => (i * 37) % 256)), {
      raw: { width: 8, height: 8, channels },
    });
  return {
    pngs: await Promise.all([
      raw(3).png().toBuffer(),
      raw(1).toColourspace('b-w').png().toBuffer(),
      raw(4).png().toBuffer(),
      raw(3).png({ palette: true }).toBuffer(),
      raw(3).toColourspace('rgb16').png().toBuffer(),
    ]),
    jpegs: await Promise.all([
      raw(3).jpeg().toBuffer(),
      raw(3)
        .jpeg({ progressive: true })
        .withExif({ IFD0: { Orientation: '6' } })
        .toBuffer(),
      raw(1).toColourspace('b-w').jpeg().toBuffer(),
      raw(3).toColourspace('cmyk').jpeg().toBuffer(),
    ]),
    others: [
      ['a.webp', await raw(3).webp().toBuffer()],
      ['a.gif', await raw(3).gif().toBuffer()],
      ['a.tif', await raw(3).tiff().toBuffer()],
      ['a.tif', await raw(3).tiff({ compression: 'deflate' }).toBuffer()],
    ],
  };
}

/** A network of a few kilobytes and its training state, as our own writers leave them. */
async function ownFiles(): Promise<{ network: Uint8Array; state: Uint8Array }> {
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

/** Every way in. */
export async function makeTargets(): Promise<Target[]> {
  const { pngs, jpegs, others } = await images();
  const unusual = oddImages();
  const { network, state } = await ownFiles();
  const png = (i: number): Uint8Array => pngs[i % 2] ?? new Uint8Array();
  const safetensors = [...goldens('stats-tiny.safetensors', 'ops.safetensors'), network, state];
  const pickles = goldens('.pkl', '.pth', '.pt');
  const npzs = goldens('.npz');
  const datasets = goldens('dataset-tiny-rgb.zip', 'dataset-tiny-sd.zip');
  const labels = {
    labels: [
      ['00000/img00000000.png', 0],
      ['00000/img00000001.png', 1],
    ],
  };
  const members: readonly Member[] = [
    ['00000/img00000000.png', png(0)],
    ['00000/img00000001.png', png(0)],
    ['dataset.json', Buffer.from(JSON.stringify(labels))],
  ];
  const torchMembers = (dice: Dice): Member[] => [
    ['archive/data.pkl', anyPickle(dice)],
    ['archive/byteorder', Buffer.from('little')],
    ['archive/data/0', dice.bytes(64)],
    ['archive/version', Buffer.from('3\n')],
  ];
  /** A folder with one whole image and one that is the case. */
  const imageFolder = (
    name: string,
    file: (dice: Dice) => string,
    make: (dice: Dice) => Uint8Array,
    beside = png(0),
  ): Target => ({
    name,
    errors: [DatasetError],
    make(folder, dice) {
      writeFileSync(join(folder, file(dice)), make(dice));
      if (dice.chance(0.5)) writeFileSync(join(folder, 'whole.png'), beside);
    },
    read: readData,
  });

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
    oneFile('dataset zip', 'case.zip', datasets, (dice) => anyZip(members, dice), [DatasetError], readData),
    {
      name: 'dataset.json',
      errors: [DatasetError],
      make(folder, dice) {
        mkdirSync(join(folder, '00000'));
        for (const i of [0, 1]) writeFileSync(join(folder, '00000', `img0000000${i}.png`), png(0));
        const text = Buffer.from(JSON.stringify(dice.chance(0.8) ? jsonWithOddPart(labels, dice) : labels) ?? '');
        writeFileSync(join(folder, 'dataset.json'), dice.chance(0.7) ? text : mutate(text, dice));
      },
      read: readData,
    },
    imageFolder(
      'PNG',
      () => 'case.png',
      (dice) => (dice.chance(0.4) ? anyPng(dice) : mutate(dice.pick(pngs), dice, pngs)),
    ),
    imageFolder(
      'JPEG',
      (dice) => dice.pick(['case.jpg', 'case.jpeg', 'case.png']),
      (dice) => (dice.chance(0.4) ? anyJpeg(dice.pick(jpegs), dice) : mutate(dice.pick(jpegs), dice, jpegs)),
    ),
    imageFolder(
      'other images',
      (dice) => dice.pick(['case.webp', 'case.gif', 'case.tif', 'case.bmp', 'case.ppm']),
      (dice) => mutate(dice.pick([...others.map(([, bytes]) => bytes), anyBmp(), anyPpm()]), dice, pngs),
    ),
    {
      name: 'unusual images',
      errors: [DatasetError],
      make(folder, dice) {
        const { name, bytes } = dice.pick(unusual);
        const file = mutate(
          bytes,
          dice,
          unusual.map((other) => other.bytes),
        );
        writeFileSync(join(folder, `case${extname(name)}`), dice.chance(0.1) ? bytes : file);
        if (dice.chance(0.3)) writeFileSync(join(folder, 'whole.png'), png(0));
      },
      read: readData,
    },
    {
      name: 'array folder',
      errors: [DatasetError],
      make(folder, dice) {
        for (const [name, bytes] of anyArrays(dice))
          writeFileSync(join(folder, name), dice.chance(0.7) ? bytes : mutate(bytes, dice));
      },
      read: readData,
    },
    {
      name: 'array archive',
      errors: [DatasetError],
      make(folder, dice) {
        const bytes = anyZip(anyArrays(dice), dice, dice.pick([0, 0, 0.02]));
        writeFileSync(join(folder, 'case.npz'), dice.chance(0.8) ? bytes : mutate(bytes, dice));
      },
      read: (folder) => readData(join(folder, 'case.npz')),
    },
    {
      name: 'IDX',
      errors: [DatasetError],
      make(folder, dice) {
        const pair = (split: string): void => {
          const [pixels, classes] = [
            anyIdx(dice, 4, 8),
            Buffer.concat([Buffer.from([0, 0, 8, 1, 0, 0, 0, 4]), dice.bytes(4)]),
          ];
          writeFileSync(join(folder, `${split}-images-idx3-ubyte`), dice.chance(0.6) ? pixels : mutate(pixels, dice));
          if (dice.chance(0.9))
            writeFileSync(
              join(folder, `${split}-labels-idx1-ubyte`),
              dice.chance(0.7) ? classes : mutate(classes, dice),
            );
        };
        pair('train');
        if (dice.chance(0.3)) pair('t10k');
      },
      read: readData,
    },
  ];
}

/** Three numbers as NumPy writes them. */
function anyPlainNpy(): Uint8Array {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }".padEnd(117).concat('\n');
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]),
    Buffer.from(header),
    Buffer.alloc(12, 1),
  ]);
}

function anyBmp(): Uint8Array {
  const out = Buffer.alloc(54 + 192);
  out.write('BM');
  for (const [at, value] of [
    [2, 246],
    [10, 54],
    [14, 40],
    [18, 8],
    [22, 8],
    [34, 192],
  ] as const)
    out.writeUInt32LE(value, at);
  out.writeUInt16LE(1, 26);
  out.writeUInt16LE(24, 28);
  return out.fill(99, 54);
}

const anyPpm = (): Uint8Array => Buffer.concat([Buffer.from('P6\n8 8\n255\n'), Buffer.alloc(192, 7)]);
