import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  identifyFile,
  NpyParseError,
  OpaqueTensor,
  openNpz,
  openPickle,
  PickleParseError,
  type PickleValue,
  readNpz,
  readPickle,
  readSafetensors,
  readZipDirectory,
  readZipEntry,
  SafetensorsParseError,
  SNAPSHOT_GLOBALS,
  TorchTensor,
  ZipError,
} from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { zipBytes } from './zip/reader.js';

const folder = await mkdtemp(join(tmpdir(), 'golden-damage-'));
afterAll(() => rm(folder, { recursive: true }));
const path = join(folder, 'x');

/** Larger files only make damage rarer. */
const MAX_BYTES = 200_000;
const allow = SNAPSHOT_GLOBALS;

/** Every tensor of a value. */
function tensorsOf(value: PickleValue | undefined, seen = new Set<unknown>()): TorchTensor[] {
  if (value instanceof TorchTensor) return [value];
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  const parts =
    value instanceof Map
      ? [...value.values()]
      : Array.isArray(value)
        ? value
        : value instanceof OpaqueTensor
          ? value.parts
          : [];
  return parts.flatMap((part) => tensorsOf(part, seen));
}

async function readTorch(): Promise<void> {
  const file = await openPickle(path, { allow });
  try {
    for (const tensor of tensorsOf(file.value)) await tensor.readRange(0, Math.min(tensor.size, 1000));
    await file.verify();
  } finally {
    await file.close();
  }
}

async function readTensors(): Promise<void> {
  const file = await readSafetensors(path);
  try {
    for (const name of file.names) await file.read(name);
    await file.verify();
  } finally {
    await file.close();
  }
}

async function readArrays(bytes: Uint8Array): Promise<void> {
  await readNpz(bytes);
  const file = await openNpz(path);
  try {
    for (const [name, { problem }] of file.entries) if (problem === undefined) for await (const _ of file.chunks(name));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // Fortran order has no pieces
  } finally {
    await file.close();
  }
}

async function readZip(bytes: Uint8Array): Promise<void> {
  for (const entry of (await readZipDirectory(path, { maxEntries: 100_000 })).values())
    await readZipEntry(zipBytes(bytes), entry, { maxBytes: 1e7 });
}

const READERS: readonly (readonly [
  endings: RegExp,
  errors: readonly (new (...args: never) => Error)[],
  read: (bytes: Uint8Array) => Promise<void>,
])[] = [
  [
    /\.(pkl|pt|pth)$/,
    [PickleParseError],
    async (bytes) => {
      await readTorch();
      if (bytes[0] === 0x80) readPickle(bytes, { allow });
    },
  ],
  [/\.safetensors$/, [SafetensorsParseError], readTensors],
  [/\.npz$/, [NpyParseError], readArrays],
  [/\.(npz|zip|pt)$/, [ZipError], readZip],
];

const files = ['.', 'torch-kinds'].flatMap((where) =>
  readdirSync(goldenPath(where))
    .map((name) => join(where, name))
    .filter((name) => /\.(pkl|pt|pth|safetensors|npz|zip)$/.test(name)),
);
const goldens = files
  .map((name) => ({ name, bytes: readFileSync(goldenPath(name)) }))
  .filter(({ bytes }) => bytes.length <= MAX_BYTES);

describe.each(READERS)('golden files %s, damaged', (endings, errors, read) => {
  const mine = goldens.filter(({ name }) => endings.test(name));

  it('give values or typed errors, whatever is changed or cut', async () => {
    expect(mine.length).toBeGreaterThan(2);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...mine),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 255 }), fc.boolean()), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined, freq: 5 }),
        async ({ name, bytes }, changes, cut) => {
          const damaged = Buffer.from(
            bytes.subarray(0, cut === undefined ? undefined : Math.floor(cut * bytes.length)),
          );
          for (const [where, bits, isEnd] of changes) {
            // Half of the changes fall where directories and headers are.
            const span = isEnd ? Math.min(damaged.length, 512) : damaged.length;
            const at = damaged.length - 1 - Math.floor(where * Math.max(0, span - 1));
            if (damaged.length > 0) damaged[at] = (damaged[at] ?? 0) ^ bits;
          }
          await writeFile(path, damaged);
          await identifyFile(path);
          const error = await read(damaged).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          const isTyped = error === undefined || errors.some((kind) => error instanceof kind);
          expect(isTyped, `${name}: ${(error as Error | undefined)?.stack}`).toBe(true);
        },
      ),
      { numRuns: 250, seed: 28 },
    );
  });
});
