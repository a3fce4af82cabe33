import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at } from '@edm2/tfjs-jit/graph';
import { afterAll, describe, expect, it, test } from 'vitest';
import { CPU_PLUGIN, IF_INSTALLED } from '../installed.test-support.js';
import { Client } from '../native/client.js';
import { Plugin } from '../native/plugin.js';
import { keyOf, openCache } from './cache.js';

const scratch = mkdtempSync(join(tmpdir(), 'tfjs-xla-cache-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => mkdtempSync(join(scratch, String(folders++)));
const fail = (message: string): void => {
  throw new Error(message);
};

test('keys are of whole parts', () => {
  expect(keyOf(['ab', 'c'])).not.toBe(keyOf(['a', 'bc']));
  expect(keyOf(['ab', 'c'])).toBe(keyOf(['ab', new TextEncoder().encode('c')]));
});

test('what was used longest ago makes room', () => {
  const home = folder();
  const cache = openCache(home, fail, 400);
  for (const [key, age] of [
    ['old', 60],
    ['older', 90],
    ['left', 7200],
  ] as const) {
    const path = join(home, key === 'left' ? 'x.xla.17.tmp' : `${key}.xla`);
    writeFileSync(path, Buffer.alloc(100));
    const then = new Date(Date.now() - 1000 * age);
    utimesSync(path, then, then);
  }
  cache.store('new', new Uint8Array(200));
  expect(readdirSync(home).sort()).toEqual(['new.xla', 'old.xla']);
  expect(cache.load('new')).toEqual(Buffer.alloc(200));
});

test('a folder that cannot be written to is told of once, and nothing else happens', () => {
  const file = join(folder(), 'file');
  writeFileSync(file, '');
  const told: string[] = [];
  const cache = openCache(join(file, 'inside'), (message) => told.push(message));
  cache.store('key', new Uint8Array(1));
  cache.store('key', new Uint8Array(1));
  expect(cache.load('key')).toBeUndefined();
  expect(told).toEqual([expect.stringMatching(/inside keeps no compiled functions \(.*\): every start compiles\./)]);
});

const MODULE = `module @jit { func.func @main(%a: tensor<4xf32> {tf.aliasing_output = 0 : i32}) -> tensor<4xf32> {
  %0 = stablehlo.add %a, %a : tensor<4xf32> return %0 : tensor<4xf32> } }`;

describe(`XLA's executables on disk, ${IF_INSTALLED}`, () => {
  describe.skipIf(CPU_PLUGIN === undefined)('on the CPU', () => {
    const start = (home: string, warn = fail): Client => {
      const client = new Client(Plugin.open(CPU_PLUGIN?.file ?? ''));
      client.cache = openCache(home, warn);
      return client;
    };
    /** Compiles and runs; says whether the result lies where the donated argument lay. */
    const doubled = (client: Client): [number[], boolean] => {
      const loaded = client.compile(MODULE);
      const x = client.put(Float32Array.of(1, 2, 3, 4), [4], 'float32', at(client.devices, 0));
      const address = client.addressOf(x);
      const y = at(at(loaded.execute([[x]]), 0), 0);
      client.free(x);
      const values = new Float32Array(4);
      client.plugin.await(client.get(y, values, [4]));
      const inPlace = client.addressOf(y) === address;
      client.free(y);
      loaded.dispose();
      return [[...values], inPlace];
    };

    it('are loaded by a second start, which compiles nothing and still updates in place', () => {
      const home = folder();
      const first = start(home);
      expect(doubled(first)).toEqual([[2, 4, 6, 8], true]);
      expect(first.compiled).toBe(1);
      const second = start(home);
      expect(doubled(second)).toEqual([[2, 4, 6, 8], true]);
      expect(second.compiled).toBe(0);
      expect([second.buffers, second.executables]).toEqual([0, 0]);
      second.compile(MODULE.replace('stablehlo.add', 'stablehlo.multiply')).dispose();
      expect(second.compiled).toBe(1);
    });

    it.each([
      ['cut short', (whole: Buffer) => whole.subarray(0, whole.length >> 1)],
      ['empty', () => Buffer.alloc(0)],
      [
        'changed in one bit',
        (whole: Buffer) => {
          whole[whole.length - 9] = (whole[whole.length - 9] ?? 0) ^ 1;
          return whole;
        },
      ],
      ['of something else, and whole', () => undefined],
    ] as const)('that are %s are compiled anew, with a word', (_, damage) => {
      const home = folder();
      doubled(start(home));
      const [name = ''] = readdirSync(home);
      const path = join(home, name);
      const damaged = damage(readFileSync(path));
      if (damaged) writeFileSync(path, damaged);
      else openCache(home, fail).store(name.replace('.xla', ''), Buffer.from('not an executable'));
      const told: string[] = [];
      const client = start(home, (message) => told.push(message));
      expect(doubled(client)[0]).toEqual([2, 4, 6, 8]);
      expect(client.compiled).toBe(1);
      expect(told).toEqual([expect.stringMatching(/is no compiled function \(.*\): compiled anew\./s)]);
      expect(statSync(path).size).toBeGreaterThan(100);
      const third = start(home);
      doubled(third);
      expect(third.compiled).toBe(0);
    });
  });
});
