import { cpuWheel, indexServer, LINUX, NO_PIP, scratch } from '@edm2/wheels/index-server.fixture';
import type { InstallSources } from '@edm2/wheels/install';
import { createProgress } from '@edm2/wheels/progress';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from './program.js';

async function command(args: string[], sources: InstallSources = {}, signal = new AbortController().signal) {
  let out = '';
  let err = '';
  const io = {
    out: (text: string) => {
      out += `${text}\n`;
    },
    err: {
      write: (text: string) => {
        err += text;
      },
    },
    signal,
    // However slow the machine, no line of progress is due.
    now: () => 0,
  };
  const code = await runCommand(args, io, { machine: LINUX, env: NO_PIP, freeBytes: async () => 1e12, ...sources });
  return { code, out, err };
}

describe('tfjs-libtensorflow', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('installs, tells what is there, removes it', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake]);
    const directory = await scratch();
    const sources = { wheels: [fake.wheel], settings: { folders: [], indexes: [index] } };
    vi.stubEnv('EDM2_TYPED', 'npm run libtensorflow --');
    expect((await command(['info', '--directory', directory])).out).toMatch(
      /nothing is installed in .*Run: npm run libtensorflow -- install$/m,
    );
    const installed = await command(['install', '--directory', directory], sources);
    expect(installed).toMatchObject({ code: 0, out: expect.stringMatching(/^TensorFlow 2\.21\.0 installed: /) });
    expect((await command(['install', '--directory', directory], sources)).out).toMatch(/there already/);
    const info = await command(['info', '--directory', directory]);
    expect(info.out).toMatch(/TensorFlow 2\.21\.0 {2}cpu {2}\d+ (?:B|kB)/);
    // Noise is no library.
    expect(info.out).toMatch(/does not open: .*Install it with: npm run libtensorflow -- install/);
    expect(JSON.parse((await command(['info', '--directory', directory, '--json'])).out).installations).toHaveLength(1);
    expect((await command(['remove', '--directory', directory])).out).toMatch(/^removed .*2\.21\.0-cpu\n$/);
    expect((await command(['remove', '--directory', directory])).out).toBe('nothing to remove\n');
  });

  it('ends with 2 for wrong usage, 1 for what fails, 130 when interrupted', async () => {
    expect(await command(['instal'])).toMatchObject({ code: 2, err: expect.stringMatching(/Did you mean install\?/) });
    expect(await command(['install', '--version', '1.15'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/got 1\.15/),
    });
    const windows = await command(['install'], { machine: { ...LINUX, platform: 'win32' } });
    expect(windows).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^tfjs-libtensorflow: expected .*onnxruntime/),
    });
    const fake = await cpuWheel();
    const { index } = await indexServer([fake]);
    const stopped = await command(
      ['install', '--directory', await scratch()],
      { wheels: [fake.wheel], settings: { folders: [], indexes: [index] } },
      AbortSignal.abort(new Error('interrupted')),
    );
    expect(stopped).toMatchObject({ code: 130, err: expect.stringMatching(/go on where it stopped/) });
    expect((await command(['--help'])).code).toBe(0);
  });
});

it('shows rate and time left, of this call’s bytes alone', () => {
  let time = 0;
  let shown = '';
  const write = (text: string) => {
    shown += text;
  };
  const progress = createProgress({ err: { write, isTTY: true }, now: () => time });
  progress.update({ stage: 'download', bytes: 100e6, total: 300e6 });
  time = 2000;
  progress.update({ stage: 'download', bytes: 200e6, total: 300e6 });
  expect(shown).toMatch(/download {2}66 % {2}200 MB of 300 MB {2}50\.0 MB\/s {2}2 s left/);
  progress.done();
  expect(shown.endsWith('\r\x1b[K')).toBe(true);
});
