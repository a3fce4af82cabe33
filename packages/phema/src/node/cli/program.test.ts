import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goldenPath } from '@edm2/test-support';
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
    [['reconstruct', 'x', '--sigma-rel', '0.1,...,0.2'], /two rising numbers/],
    [['reconstruct', 'x', '--sigma-rel', '0.1,0.1'], /each number once/],
    [['reconstruct', 'x', '--t', '12Q'], /whole number such as/],
    [['reconstruct', 'x', '--dtype', 'f99'], /Expected float16, bfloat16/],
    [['plan', '--snapshots', '0'], /whole number of at least 1/],
    [['plan', '--dtype', 'int8'], /Expected float16, bfloat16/],
    [['error', 'x', '--sigma-rel', 'short'], /--sigma-rel.*Expected a number/],
    [['info', 'x', '--gammas', '-1'], /exponents ≥ 0/],
    [['reconstruct', 'x', '--outkimg', '0'], /whole number of at least 1/],
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

  it('shows defaults as they would be typed', async () => {
    const all = await Promise.all(['info', 'plan', 'error', 'reconstruct'].map((name) => phema([name, '--help'])));
    const help = all
      .map(({ out }) => out)
      .join('')
      .replace(/\s+/g, ' ');
    expect(help).toContain('(default: 2048Mi)');
    expect(help).toContain('(default: 8,16,32,64)');
    expect(help).toContain('(default: 0.05,0.1)');
    expect(help).not.toMatch(/\(default: [[{"]/);
  });

  it('says what tables of errors divide by', async () => {
    const input = await writeGoldenRun(await scratch());
    for (const args of [['info', input], ['error', input], ['plan']]) {
      expect((await phema(args)).out).toMatch(
        /weights are divided by their sum, .* Algorithm 3 does not divide \(--no-normalize\)/,
      );
      expect((await phema([...args, '--no-normalize'])).out).toMatch(/as the paper's Algorithm 3 gives them/);
    }
    const errorOf = async (...more: string[]) =>
      JSON.parse((await phema(['info', input, '--json', '--sigma-rel', '0.15', ...more])).out).rows[0];
    const [divided, plain] = [await errorOf(), await errorOf('--no-normalize')];
    expect(plain.profileError).toBeLessThan(divided.profileError);
    expect(plain.weightSum).toBe(divided.weightSum);
  });

  it('names options as they are typed', async () => {
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = await scratch();
    const make = (...more: string[]) =>
      phema(['reconstruct', input, '--sigma-rel', '0.15', '--output', output, ...more]);
    expect((await make()).code).toBe(0);
    const { code, err } = await make('--dtype', 'float16');
    expect([code, err]).toEqual([1, expect.stringMatching(/another --output or --prefix; --overwrite replaces it/)]);
    expect((await make('--dtype', 'float16', '--overwrite')).code).toBe(0);
    const { out } = await make('--dtype', 'float16');
    expect(out).toMatch(/copied from .*0\.100\.safetensors, since they are not floating-point: net\.steps/);
    const emaPytorch = goldenPath('ema-pytorch/every-10');
    expect((await phema(['info', emaPytorch])).err).toMatch(/sigma_rels as --track, or its gammas as --gammas/);
    const assumed = await phema(['info', emaPytorch, '--track', '0.05,0.28']);
    expect(assumed.out).toMatch(/assumed {2}update_every 10, found from the averages/);
    expect(assumed.out).toMatch(/At 1,600 steps/);
  });

  it('ends with 1 and the file’s name, whatever bytes of it are damaged', async () => {
    const folder = await scratch();
    const name = '0.200.pt';
    const whole = await readFile(goldenPath(`ema-pytorch/every-10/${name}`));
    for (let i = 0; i < 80; i++) {
      const bytes = Buffer.from(whole);
      // Directory and end records are what a zip is found by.
      const at = bytes.length - 1 - ((i * 7919) % 900);
      for (let k = 0; k < 4 && at + k < bytes.length; k++) bytes[at + k] = (i * 31 + k * 97) & 255;
      await writeFile(join(folder, name), bytes);
      const { code, err } = await phema(['info', folder, '--track', '0.05,0.28', '--update-every', '10']);
      expect([0, 1]).toContain(code);
      if (code === 1) expect(err).toMatch(/^phema: .*0\.200\.pt/s);
    }
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
    expect(failed.err).toMatch(/^phema: expected averages/);
    const input = await writeGoldenRun(await scratch(), 'F32');
    const output = join(await scratch(), 'out');
    const interrupted = await phema(['reconstruct', input, '--sigma-rel', '0.15', '--output', output], {
      signal: AbortSignal.abort(new Error('interrupted')),
    });
    expect(interrupted.code).toBe(130);
    await expect(names(output)).rejects.toThrow(/ENOENT/);
  });
});
