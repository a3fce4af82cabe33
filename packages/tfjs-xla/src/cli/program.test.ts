import { fakeWheel, indexServer, LINUX, NO_PIP, noise, scratch } from '@edm2/wheels/index-server.fixture';
import type { InstallSources } from '@edm2/wheels/install';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from './program.js';

async function command(args: string[], sources: InstallSources = {}) {
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
    signal: new AbortController().signal,
    now: () => 0,
  };
  const code = await runCommand(args, io, { machine: LINUX, env: NO_PIP, freeBytes: async () => 1e12, ...sources });
  return { code, out, err };
}

describe('tfjs-xla', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('installs, tells what is there and what is missing, removes it', async () => {
    const fake = await fakeWheel('jax-cuda13-pjrt', {
      'jax_plugins/xla_cuda13/xla_cuda_plugin.so': { content: noise(1000) },
    });
    const directory = await scratch();
    const sources = { wheels: [fake.wheel], settings: { folders: [], indexes: [(await indexServer([fake])).index] } };
    vi.stubEnv('VIRTUAL_ENV', '');
    vi.stubEnv('CONDA_PREFIX', '');
    vi.stubEnv('PJRT_PLUGIN_LIBRARY_PATH', '');
    expect((await command(['info', '--directory', directory])).out).toMatch(
      /^no plugin is here, and none in .*install/,
    );
    const installing = ['install', '--cuda13', '--alone', '--directory', directory];
    expect(await command(installing, sources)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^XLA 0\.11\.2 for cuda13 installed: .*0\.11\.2-alone-cuda13\n$/),
    });
    expect((await command(installing, sources)).out).toMatch(/there already/);
    const { out } = await command(['info', '--directory', directory]);
    expect(out).toMatch(/^cuda13 {2}installed here, the default {2}1\.00 kB/);
    // Noise is no library.
    expect(out).toMatch(/does not open: /);
    expect(out).toMatch(/missing beside it: nvidia\/cu13\/lib\/libcublas\.so\.13, .*libcudnn\.so\.9/);
    expect((await command(['remove', '--directory', directory])).out).toMatch(/^removed .*0\.11\.2-alone-cuda13\n$/);
    expect((await command(['remove', '--directory', directory])).out).toBe('nothing to remove\n');
  });

  it('ends with 2 for wrong usage, 1 for what fails', async () => {
    expect(await command(['instal'])).toMatchObject({ code: 2, err: expect.stringMatching(/Did you mean install\?/) });
    expect(await command(['install', '--tpu', '--directory', '/nowhere'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/expected one of --cpu, .*got --tpu.*pip install "jax\[tpu\]"/),
    });
    expect(await command(['install'], { machine: { ...LINUX, arch: 'arm64' } })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/expected linux-x64, got linux-arm64/),
    });
    const named = await command(['info', '--plugin', '/nowhere/pjrt.so', '--directory', await scratch()]);
    expect(named.out).toMatch(/does not open: expected a file, got none at \/nowhere\/pjrt\.so/);
  });
});
