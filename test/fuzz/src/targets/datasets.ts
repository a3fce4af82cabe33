import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DatasetError, openDataset, verifyDataset } from '@edm2/dataset';
import { convertDataset } from '@edm2/dataset/convert';
import sharp from 'sharp';
import { type Dice, rollDice } from '../dice.js';
import { anyBmp, anyIdx, anyJpeg, anyPng, anyPpm } from '../generators/images.js';
import { jsonWithOddPart } from '../generators/json.js';
import { anyArrays } from '../generators/npy.js';
import { anyTar } from '../generators/tar.js';
import { anyZip, type Member } from '../generators/zip.js';
import { mutate } from '../mutate.js';
import { GOLDEN, goldens, oneFile, type Target } from './target.js';

/** Images of every mode that Pillow writes, under their names. */
function oddImages(): { name: string; bytes: Uint8Array }[] {
  const groups: Readonly<Record<string, readonly { name: string; file: string }[]>> = JSON.parse(
    readFileSync(join(GOLDEN, 'odd-images.json'), 'utf8'),
  );
  return Object.values(groups)
    .flat()
    .map(({ name, file }) => ({ name, bytes: Buffer.from(file, 'base64') }));
}

/** Labels of two images, in every form. */
const TABLES: readonly (readonly [file: string, text: string])[] = [
  ['labels.csv', 'file_name,when,label\n0.png,"1,5",cat\n"1.png",2,"a ""dog"""\n'],
  ['labels.tsv', '0\t3\n1\t0\n'],
  ['labels.json', '{"labels": [["images/0.png", 1], ["images/1.png", 0]]}'],
  ['vectors.json', '{"0.png": [0.5, 1], "1.png": [1, -2]}'],
  ['labels.jsonl', '{"file_name": "0.png", "label": "cat"}\n{"file_name": "1.png", "label": "dog"}\n'],
];

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

/** A file of a golden tar, which is gzipped and of plain headers. */
function memberOf(archive: string, name: string): Uint8Array {
  const tar = gunzipSync(readFileSync(join(GOLDEN, archive)));
  for (let at = 0; at + 512 <= tar.length; ) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8) || 0;
    const path = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    if (path.endsWith(`/${name}`)) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + 512 * Math.ceil(size / 512);
  }
  throw new Error(`fuzz: expected ${name} in ${archive}, got none.`);
}

/** Sets of images and labels, in every form that datasets come in. */
export async function datasetTargets(): Promise<Target[]> {
  const { pngs, jpegs, others } = await images();
  const unusual = oddImages();
  const png = (i: number): Uint8Array => pngs[i % 2] ?? new Uint8Array();
  const datasets = goldens('dataset-tiny-rgb.zip', 'dataset-tiny-sd.zip');
  const tables = ['fine', 'plain', 'two', 'hf/data/train-00000-of-00002', 'hf/data/train-00001-of-00002'].map((name) =>
    readFileSync(join(GOLDEN, 'parquet', `${name}.parquet`)),
  );
  const pickles = [['data_batch_1', 'cifar-10-python'] as const, ['train', 'cifar-100-python'] as const].map(
    ([name, archive]) => [name, memberOf(`${archive}.tar.gz`, name)] as const,
  );
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
    oneFile('dataset zip', 'case.zip', datasets, (dice) => anyZip(members, dice), [DatasetError], readData),
    oneFile(
      'dataset tar',
      'case.tar',
      [anyTar(members, rollDice(1, 'tar', 0), 0)],
      (dice) => (dice.chance(0.3) ? gzipSync(anyTar(members, dice)) : anyTar(members, dice)),
      [DatasetError],
      readData,
    ),
    {
      name: 'Parquet',
      errors: [DatasetError],
      make(folder, dice) {
        const bytes = dice.pick(tables);
        // The footer is a small part of a file, and most of what is read of it.
        const footer = bytes.length - 8 - Buffer.from(bytes).readUInt32LE(bytes.length - 8);
        const damaged = dice.chance(0.5)
          ? mutate(bytes, dice, tables)
          : Buffer.concat([bytes.subarray(0, footer), mutate(bytes.subarray(footer), dice)]);
        writeFileSync(join(folder, 'case.parquet'), dice.chance(0.1) ? bytes : damaged);
      },
      async read(folder) {
        await convertDataset(folder, undefined, { size: { width: 8, height: 8 } });
      },
    },
    {
      name: 'CIFAR pickles',
      errors: [DatasetError],
      make(folder, dice) {
        const [name, bytes] = dice.pick(pickles);
        writeFileSync(join(folder, name), dice.chance(0.1) ? bytes : mutate(bytes, dice));
        if (name === 'train' && dice.chance(0.5)) writeFileSync(join(folder, 'meta'), mutate(bytes, dice));
      },
      read: readData,
    },
    {
      name: 'table of labels',
      errors: [DatasetError],
      make(folder, dice) {
        mkdirSync(join(folder, 'images'));
        for (const i of [0, 1]) writeFileSync(join(folder, 'images', `${i}.png`), png(0));
        const [file, text] = dice.pick(TABLES);
        const odd = file.endsWith('json') && dice.chance(0.5);
        const bytes = Buffer.from(odd ? (JSON.stringify(jsonWithOddPart(JSON.parse(text), dice)) ?? '') : text);
        writeFileSync(join(folder, file), dice.chance(0.3) ? bytes : mutate(bytes, dice));
      },
      async read(folder) {
        const table = TABLES.map(([file]) => join(folder, file)).find((path) => existsSync(path));
        await convertDataset(join(folder, 'images'), undefined, { labels: table ?? true });
      },
    },
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
