import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { metadataOf, names, scratch, writeGoldenRun } from '../run.fixture.js';
import { runPhema } from './program.js';

/** Runs the command as a shell would; `abort` interrupts it as soon as something is written to stderr. */
async function phema(args: string[], { isTTY = false, signal = new AbortController().signal } = {}) {
  let out = '';
  let err = '';
  const code = await runPhema(args, {
    out: (text) => {
      out += `${text}\n`;
    },
    err: {
      isTTY,
      write: (text) => {
        err += text;
      },
    },
    signal,
    // However slow the machine, no line of progress is due.
    now: () => 0,
  });
  return { code, out, err };
}

describe('phema', () => {
  it('reconstruct makes every length asked for', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = join(await scratch(), 'out');
    const { code, out, err } = await phema([
      'reconstruct',
      input,
      '--sigma-rel',
      '0.05,0.10,...,0.20',
      '--output',
      output,
    ]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/4 averages at 25,600 images from 16 snapshots/);
    expect(await names(output)).toEqual(['050', '100', '150', '200'].map((s) => `phema-0000025-0.${s}.safetensors`));
    const again = await phema(['reconstruct', input, '--sigma-rel', '0.05', '--output', output, '--skip']);
    expect(again.out).toMatch(/there already/);
  });

  it('reconstruct knows EDM2’s option names, json, and earlier times', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = await scratch();
    const { code, out } = await phema([
      'reconstruct',
      ...[
        '--indir',
        input,
        '--outdir',
        output,
        '--outstd',
        '0.15',
        '--t',
        '12.8k',
        '--outfp',
        '16',
        '--outprefix',
        'my',
        '--json',
      ],
    ]);
    expect(code).toBe(0);
    const { outputs, t } = JSON.parse(out);
    expect(t).toBe(12800);
    expect(outputs[0].path).toBe(join(output, 'my-0000012-0.150.safetensors'));
    expect(await metadataOf(outputs[0].path)).toMatchObject({ sigmaRel: '0.15', nimg: '12800', dtype: 'F16' });
  });

  it('info tells what can be made of a folder', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const { code, out } = await phema(['info', input, '--verify']);
    expect(code).toBe(0);
    expect(out).toMatch(/16 averages, 8 times × lengths 0.05, 0.1/);
    expect(out).toMatch(/ 0\.15 {2,}\d/);
    const { rows } = JSON.parse((await phema(['info', input, '--json', '--sigma-rel', '0.10,0.15'])).out);
    expect(rows[0].profileError).toBeLessThan(1e-7);
    expect(rows[1].profileError).toBeGreaterThan(1e-3);
  });

  it('plan compares numbers of snapshots', async () => {
    const { code, out } = await phema(['plan', '--duration', '2048Mi', '--snapshots', '8,64', '--parameters', '280M']);
    expect(code).toBe(0);
    expect(out).toMatch(/8 snapshots +64 snapshots/);
    expect(out).toMatch(/disk +8\.96 GB +71\.7 GB/);
    const { plans } = JSON.parse((await phema(['plan', '--snapshots', '8,64', '--sigma-rel', '0.15', '--json'])).out);
    expect(plans[1].rows[0].profileError).toBeLessThan(plans[0].rows[0].profileError / 5);
  });

  it('error compares prediction and measurement', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const { code, out } = await phema(['error', input]);
    expect(code).toBe(0);
    expect(out).toMatch(/0\.1 +25,600 +15 /);
  });

  it.each([
    [['reconstruct', 'x', '--sigma-re', '0.1'], /Did you mean --sigma-rel\?/],
    [['recontsruct'], /Did you mean reconstruct\?/],
    [['reconstruct', 'x', '--output', 'y'], /expected --sigma-rel/],
    [['reconstruct', '--sigma-rel', '0.1', '--output', 'y'], /expected a folder of snapshots/],
    [['reconstruct', 'x', '--sigma-rel', '0.3'], /\(0, 0\.2887\)/],
    [['reconstruct', 'x', '--sigma-rel', '0.1,...,0.2'], /two rising lengths/],
    [['reconstruct', 'x', '--sigma-rel', '0.1,0.1'], /each length once/],
    [['reconstruct', 'x', '--t', '12Q'], /whole number such as/],
    [['reconstruct', 'x', '--dtype', 'f99'], /Expected float16, bfloat16/],
    [['plan', '--snapshots', '0'], /whole number ≥ 1/],
    [['info'], /missing required argument/],
    [[], /Usage: phema/],
  ])('answers wrong usage %o with exit code 2', async (args, message) => {
    const { code, err } = await phema(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it('notices a flipped bit by itself, names the file, and writes nothing', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = join(await scratch(), 'out');
    const [name = ''] = await names(input);
    const bytes = await readFile(join(input, name));
    bytes[bytes.length - 9] = (bytes.at(-9) ?? 0) ^ 1;
    await writeFile(join(input, name), bytes);
    const args = ['reconstruct', input, '--sigma-rel', '0.15', '--output', output];
    const { code, err } = await phema(args);
    expect(code).toBe(1);
    expect(err).toContain(name);
    expect(err).toMatch(/The file is damaged/);
    await expect(names(output)).rejects.toThrow(/ENOENT/);
    expect((await phema([...args, '--no-verify'])).code).toBe(0);
  });

  it('says so when the output is a file', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = join(await scratch(), 'a-file');
    await writeFile(output, '');
    for (const place of [output, join(output, 'below')]) {
      const { code, err } = await phema(['reconstruct', input, '--sigma-rel', '0.15', '--output', place]);
      expect(code).toBe(1);
      expect(err).toMatch(/expected a folder at .*a-file.*, got a file/);
    }
  });

  it('exits with 0 for help, 1 for what fails, 130 when interrupted, and leaves nothing', async () => {
    expect((await phema(['reconstruct', '--help'])).code).toBe(0);
    const failed = await phema(['info', await scratch()]);
    expect(failed.code).toBe(1);
    expect(failed.err).toMatch(/^phema: openSnapshots: expected averages/);
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = join(await scratch(), 'out');
    const interrupted = await phema(['reconstruct', input, '--sigma-rel', '0.15', '--output', output], {
      signal: AbortSignal.abort(new Error('interrupted')),
    });
    expect(interrupted.code).toBe(130);
    await expect(names(output)).rejects.toThrow(/ENOENT/);
  });
});
