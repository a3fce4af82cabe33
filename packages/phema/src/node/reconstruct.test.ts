import { createHash } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { open, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { reconstructFiles } from '@edm2/phema/node';
import { readSafetensors, writeSafetensors } from '@edm2/tensor-files';
import { relativeError } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';
import { golden, metadataOf, names, scratch, tensorOf, writeGoldenRun, writeSnapshot } from './run.fixture.js';

const lengths = [...golden.get('solve.out_std').data];
const expected = (k: number) => golden.get('traj.reconstructed').data.subarray(k * 64, (k + 1) * 64);
const row = (i: number) => golden.get('traj.snap_values').data.subarray(i * 64, (i + 1) * 64);

describe('reconstructFiles', () => {
  it.each(['F64', 'F32'] as const)(
    'matches the golden reconstructions, all lengths in one pass, stored as %s',
    async (dtype) => {
      const input = await writeGoldenRun(await scratch(), dtype);
      const output = join(await scratch(), 'deep', 'out');
      const progress: number[] = [];
      const result = await reconstructFiles({
        input,
        output,
        sigmaRels: lengths,
        onProgress: ({ bytesRead, bytesTotal }) => progress.push(bytesRead / bytesTotal),
      });
      expect([result.t, result.snapshots, progress.at(-1)]).toEqual([25600, 16, 1]);
      expect(await names(output)).toEqual(lengths.map((s) => `phema-0000025-${s.toFixed(3)}.safetensors`).sort());
      for (const [k, { sigmaRel, path }] of result.outputs.entries()) {
        expect(sigmaRel).toBe(lengths[k]);
        // Float32 snapshots: their rounding, 6e-8, times the weights' Σ|w| of up to 20.
        expect(relativeError(await tensorOf(path), expected(k))).toBeLessThan(1e-5);
      }
    },
  );

  it('gives a stored average back bit for bit, reading little else', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    for (const [i, sigmaRel, t] of [
      [15, 0.1, undefined],
      [6, 0.05, 12800],
    ] as const) {
      const { outputs, bytesRead } = await reconstructFiles({
        input,
        output: await scratch(),
        sigmaRels: [sigmaRel],
        t,
      });
      expect(await tensorOf(outputs[0]?.path ?? '')).toEqual(Float32Array.from(row(i)));
      expect(outputs[0]?.profileError).toBeLessThan(1e-7);
      expect(bytesRead).toBe(64 * 4 + 3 * 4);
    }
  });

  it('copies buffers and whole numbers, and carries metadata over', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const path = join(await scratch(), 'one.safetensors');
    const { outputs } = await reconstructFiles({ input, output: path, sigmaRels: [0.07], dtype: 'float16' });
    expect(outputs[0]?.path).toBe(path);
    const file = await readSafetensors(path);
    expect(file.metadata).toMatchObject({ sigmaRel: '0.07', nimg: '25600', config: '{"width":8}', dtype: 'F16' });
    expect((await file.read('net.steps')).data).toEqual(Int32Array.of(15));
    expect(file.entries.get('net.weight')?.dtype).toBe('F16');
    await file.verify({ required: true });
    await file.close();
    const same = await reconstructFiles({ input, output: await scratch(), sigmaRels: [0.03] });
    expect(await tensorOf(same.outputs[0]?.path ?? '', 'net.freqs')).toEqual(Float32Array.of(0.1, -2.7, 3.3));
  });

  it('converts on request within the type’s rounding', async () => {
    const input = await writeGoldenRun(await scratch(), 'F64');
    for (const [dtype, tolerance] of [
      ['F64', 1e-9],
      ['float32', 1e-7],
      ['float16', 5e-4],
      ['bfloat16', 4e-3],
    ] as const) {
      const { outputs } = await reconstructFiles({ input, output: await scratch(), sigmaRels: [0.15], dtype });
      const file = await readSafetensors(outputs[0]?.path ?? '');
      const { data } = dtype === 'F64' ? await file.read('net.weight') : await file.readFloat32('net.weight');
      await file.close();
      expect(relativeError(data as Float64Array, expected(5))).toBeLessThan(tolerance);
    }
  });

  it('never takes its own results for stored averages', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const first = await reconstructFiles({ input, output: input, sigmaRels: [0.15] });
    const again = await reconstructFiles({ input, output: join(input, 'more'), sigmaRels: [0.15] });
    expect(again.snapshots).toBe(16);
    expect(await readFile(again.outputs[0]?.path ?? '')).toEqual(await readFile(first.outputs[0]?.path ?? ''));
  });

  it('skips what is there on request, if it was made in the same way', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = await scratch();
    const run = (sigmaRels: number[]) => reconstructFiles({ input, output, sigmaRels, skipExisting: true });
    const { outputs } = await run([0.15]);
    const path = outputs[0]?.path ?? '';
    const before = (await stat(path)).mtimeMs;
    const second = await run([0.15, 0.2]);
    expect(second.outputs.map(({ skipped }) => skipped)).toEqual([true, false]);
    expect((await stat(path)).mtimeMs).toBe(before);
  });

  it('replaces nothing unasked, and says what is there', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = await scratch();
    const run = (options: Partial<Parameters<typeof reconstructFiles>[0]> = {}) =>
      reconstructFiles({ input, output, sigmaRels: [0.15], ...options });
    const path = (await run()).outputs[0]?.path ?? '';
    const whole = await readFile(path);
    const before = (await stat(path)).mtimeMs;
    // The same again is no loss.
    expect((await run()).outputs[0]?.skipped).toBe(false);
    expect([await readFile(path), (await stat(path)).mtimeMs]).toEqual([whole, before]);
    expect(await names(output)).toEqual(['phema-0000025-0.150.safetensors']);

    const refused = async (options: Parameters<typeof run>[0], message: RegExp): Promise<void> => {
      for (const skipExisting of [false, true])
        await expect(run({ ...options, skipExisting })).rejects.toThrow(message);
    };
    await refused(
      { dtype: 'F16' },
      /0000025-0\.150\.safetensors, or the same average, got that average in other types/,
    );
    await refused({ normalize: false }, /got that average with weights divided by their sum/);
    await refused({ tensorSigmaRels: { 'net.*': 0.1 } }, /with other lengths for some tensors/);
    await refused({ output: path, t: 12800 }, /got the average of sigmaRel 0\.15 at 25600/);
    expect(await readFile(path)).toEqual(whole);
    await truncate(path, 50);
    await refused({}, /perhaps a damaged one\. Choose another output or prefix; overwrite: true replaces it/);
    await writeSafetensors(path, {}, { sigmaRel: '0.15', nimg: '25600' });
    await refused({}, /not made by reconstruction/);
    expect((await run({ overwrite: true })).outputs[0]?.skipped).toBe(false);
    expect(await readFile(path)).toEqual(whole);
    // Of the same length and time, but of other snapshots: known when it is made.
    const [oldest = ''] = await names(input);
    await rm(join(input, oldest));
    await expect(run()).rejects.toThrow(/of that length and time with other numbers, from other snapshots/);
    expect([await readFile(path), await names(output)]).toEqual([whole, [path.split('/').at(-1)]]);
  });

  it('names averages of two times in one thousand apart', async () => {
    const input = await scratch();
    for (const nimg of [1000, 1200, 1800, 2000])
      for (const sigmaRel of [0.05, 0.1])
        await writeSnapshot(join(input, `${nimg}-${sigmaRel}.safetensors`), undefined, {
          sigmaRel: String(sigmaRel),
          nimg: String(nimg),
        });
    const output = await scratch();
    for (const t of [1000, 1200, 1800, 2000, 1500])
      await reconstructFiles({ input, output, sigmaRels: [0.2], t, force: true });
    expect(await names(output)).toEqual(
      ['0000001', '0000001.200', '0000001.500', '0000001.800', '0000002'].map(
        (time) => `phema-${time}-0.200.safetensors`,
      ),
    );
  });

  it('says by name what is not finite, and refuses a type that is too narrow', async () => {
    const input = await scratch();
    const store = (large: number, third: number) =>
      Promise.all(
        [1000, 2000, 3000].flatMap((nimg, i) =>
          [0.05, 0.1].map((sigmaRel) =>
            writeSafetensors(
              join(input, `${nimg}-${sigmaRel}.safetensors`),
              { w: { shape: [3], data: Float32Array.of(1.5, large, i === 1 ? third : 0.5) } },
              { sigmaRel: String(sigmaRel), nimg: String(nimg) },
            ),
          ),
        ),
      );
    const make = async (dtype?: 'float16' | 'bfloat16') =>
      (await reconstructFiles({ input, output: await scratch(), sigmaRels: [0.08], dtype })).outputs[0];
    await store(1e5, 0.5);
    expect((await make())?.notFinite).toEqual([]);
    await expect(make('float16')).rejects.toThrow(
      /that F16 can hold, got larger ones in w of sigmaRel 0\.08\. Give dtype float32/,
    );
    expect((await make('bfloat16'))?.notFinite).toEqual([]);
    await store(3.4e38, 0.5);
    await expect(make('bfloat16')).rejects.toThrow(/that BF16 can hold/);
    await store(1, Number.NaN);
    for (const dtype of [undefined, 'float16'] as const) {
      const output = await make(dtype);
      expect(output?.notFinite).toEqual([{ name: 'w', count: 1 }]);
      expect(output?.warnings.join()).toMatch(/w is not finite \(1 number\), as in the snapshots/);
    }
  });

  it('leaves the weights as Algorithm 3 gives them on request', async () => {
    const input = await writeGoldenRun(await scratch(), 'F64');
    const made = async (normalize?: boolean) => {
      const output = await scratch();
      const { outputs } = await reconstructFiles({ input, output, sigmaRels: [0.15], normalize });
      return { ...outputs[0], freqs: await tensorOf(outputs[0]?.path ?? '', 'net.freqs') };
    };
    const [divided, plain] = [await made(), await made(false)];
    expect(divided.freqs).toEqual(Float32Array.of(0.1, -2.7, 3.3));
    const sum = plain.weightSum ?? 0;
    expect(Math.abs(sum - 1)).toBeGreaterThan(1e-3);
    expect(
      relativeError(
        plain.freqs,
        divided.freqs.map((value) => value * sum),
      ),
    ).toBeLessThan(1e-6);
    expect(plain.profileError).toBeLessThan(divided.profileError ?? 0);
    expect(JSON.parse((await metadataOf(plain.path ?? ''))['reconstructed'] ?? '')).toMatchObject({
      normalized: false,
    });
  });

  it('leaves nothing when aborted, however late', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const parent = await scratch();
    for (const when of [0, 0.5, 1]) {
      const controller = new AbortController();
      const running = reconstructFiles({
        input,
        output: join(parent, 'new', 'out'),
        sigmaRels: [0.15, 0.2],
        signal: controller.signal,
        onProgress: ({ bytesRead, bytesTotal }) => {
          if (bytesRead >= when * bytesTotal) controller.abort(new Error('stop'));
        },
      });
      await expect(running).rejects.toThrow('stop');
      expect(await names(parent)).toEqual([]);
    }
  });

  it('checks everything before it writes', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = join(await scratch(), 'out');
    const fails = async (options: Partial<Parameters<typeof reconstructFiles>[0]>, message: RegExp) => {
      await expect(reconstructFiles({ input, output, sigmaRels: [0.15], ...options })).rejects.toThrow(message);
      await expect(stat(output)).rejects.toThrow(/ENOENT/);
    };
    await fails({ sigmaRels: [0.3] }, /0 < sigmaRel < 0.2887/);
    await fails({ sigmaRels: [] }, /one or more different sigmaRels/);
    await fails({ sigmaRels: [0.1, 0.1] }, /different sigmaRels/);
    await fails({ threads: 1.5 }, /0 to 64 threads/);
    await fails({ t: 25601 }, /from 3200 to 25600 images, the stored ones, got 25601.*nearest stored time is 25,600/);
    await fails({ t: 3199 }, /from 3200 to 25600 images.*nearest stored time is 3,200/);
    await fails({ tt: 1 } as never, /expected options among .*, got tt\./);
    await fails({ prefix: 'a/b' }, /part of a file's name, got "a\/b"/);
    await fails({ dtype: 'int8' as never }, /expected dtype float16/);
    await fails({ output: 'a.safetensors', sigmaRels: [0.1, 0.2] }, /expected a folder for 2 results/);
    const files = (await names(input)).map((name) => join(input, name));
    await fails({ output: files[3] ?? '' }, /names for results that no snapshot has/);
    const changed = await open(files[3] ?? '', 'r+');
    await changed.write(Buffer.of(77), 0, 1, (await changed.stat()).size - 3);
    await changed.close();
    await fails({ verify: true }, /checksum/);
    await truncate(files[2] ?? '', 300);
    await fails({}, new RegExp(files[2]?.split('/').at(-1) ?? 'x'));
  });

  it('warns where storage or snapshots limit the result', async () => {
    const coarse = await writeGoldenRun(await scratch(), 'BF16');
    const { outputs } = await reconstructFiles({
      input: coarse,
      output: await scratch(),
      sigmaRels: [0.1, 0.15, 0.01],
    });
    expect(outputs[0]?.warnings).toEqual([]);
    expect(outputs[1]?.warnings).toEqual([expect.stringMatching(/storage as BF16 limits the result/)]);
    expect(outputs[2]?.warnings).toEqual([
      expect.stringMatching(/only an approximation/),
      expect.stringMatching(/storage/),
    ]);
  });

  it('works through tensors of many pieces, and empty ones', async () => {
    const folder = await scratch();
    const size = 600_000;
    const at = (slope: number) => Float32Array.from({ length: size }, (_, i) => 1 + slope * (i % 1000));
    for (const [i, kimg] of ['0000001', '0000002', '0000003', '0000004'].entries())
      for (const [j, std] of ['0.050', '0.100'].entries())
        await writeSnapshot(join(folder, `n-${kimg}-${std}.safetensors`), {
          small: { shape: [], data: Float32Array.of(i + j) },
          large: { shape: [600, 1000], data: at(0.001 * (i - 0.3 * j)) },
          empty: { shape: [0, 4], data: new Float32Array() },
        });
    const { outputs } = await reconstructFiles({ input: folder, output: await scratch(), sigmaRels: [0.08] });
    const large = await tensorOf(outputs[0]?.path ?? '', 'large');
    // Value i is linear in (i mod 1000) in every snapshot, so it is in their combination, whose weights sum to 1.
    expect(large.length).toBe(size);
    const slope = (large[999] ?? 0) - (large[0] ?? 0);
    let worst = 0;
    for (let i = 0; i < size; i++) worst = Math.max(worst, Math.abs((large[i] ?? 0) - 1 - (slope * (i % 1000)) / 999));
    expect(worst).toBeLessThan(1e-6);
    expect(Math.abs(slope)).toBeGreaterThan(0.1);
  });

  it('gives the same bytes on threads, and finds a file that ends too early there too', async () => {
    const input = await scratch();
    const values = Float32Array.from({ length: 300_000 }, (_, i) => Math.sin(i));
    for (let i = 1; i <= 20; i++)
      await writeSnapshot(join(input, `n-${String(i).padStart(7, '0')}-0.100.safetensors`), {
        w: { shape: [300_000], data: values.map((value) => value * i) },
        h: { shape: [5], dtype: 'F16', data: values.subarray(0, 5) },
      });
    const sigmaRels = [0.05, 0.08, 0.11, 0.15];
    const made = async (threads: number) => {
      const output = await scratch();
      const { outputs } = await reconstructFiles({ input, output, sigmaRels, threads });
      return Promise.all(
        outputs.map(async ({ path }) =>
          createHash('sha256')
            .update(await readFile(path))
            .digest('hex'),
        ),
      );
    };
    expect(await made(2)).toEqual(await made(0));
    const last = join(input, 'n-0000020-0.100.safetensors');
    const output = await scratch();
    const onProgress = () => truncateSync(last, 400_000);
    await expect(reconstructFiles({ input, output, sigmaRels, threads: 2, onProgress })).rejects.toThrow(
      /became shorter.*n-0000020-0\.100/,
    );
    expect(await names(output)).toEqual([]);
  });
});
