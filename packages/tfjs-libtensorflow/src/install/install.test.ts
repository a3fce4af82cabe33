import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cpuWheel, fakeWheel, indexServer, LINUX, NO_PIP, noise, scratch } from '@edm2/wheels/index-server.fixture';
import type { InstallSources } from '@edm2/wheels/install';
import { describe, expect, it } from 'vitest';
import { type InstallOptions, install } from './install.js';
import { remove } from './remove.js';

/** Installs from a server into a new folder. */
async function attempt(options: Partial<InstallOptions>, more: InstallSources) {
  const directory = options.directory ?? (await scratch());
  const sources = { machine: LINUX, env: NO_PIP, freeBytes: async () => 1e12, pause: 1, ...more };
  const result = await install({ ...options, directory }, sources).catch((error: Error) => error);
  return { directory, result, left: (await readdir(directory)).sort() };
}

describe('install', () => {
  it('makes a folder by version and build, once, which remove takes away', async () => {
    const [fake, nvidia] = [
      await cpuWheel(),
      await fakeWheel('nvidia-cudnn-cu12', { 'nvidia/cudnn/lib/libcudnn.so.9': { content: noise(10) } }),
    ];
    const settings = { folders: [], indexes: [(await indexServer([fake, nvidia])).index] };
    const { directory, result } = await attempt({}, { wheels: [fake.wheel], settings });
    expect(result).toMatchObject({ version: '2.21.0', variant: 'cpu', already: false });
    expect((await attempt({ directory }, { wheels: [fake.wheel], settings })).result).toMatchObject({ already: true });
    const cuda = await attempt({ directory, cuda: true }, { wheels: [fake.wheel, nvidia.wheel], settings });
    expect(cuda.result).toMatchObject({ variant: 'cuda', already: false });
    expect(cuda.left).toEqual(['2.21.0-cpu', '2.21.0-cuda']);
    expect(await remove({ directory })).toEqual(cuda.left.map((name) => join(directory, name)));
  });

  it('refuses versions that are not pinned, and CUDA where there is none', async () => {
    const wrong = await attempt({ version: '2.20.0' }, {});
    expect(wrong.result).toBeInstanceOf(RangeError);
    expect(wrong.result).toMatchObject({ message: expect.stringMatching(/one of 2\.21\.0, 2\.16\.2, got 2\.20\.0/) });
    const arm = await attempt({ cuda: true }, { machine: { ...LINUX, arch: 'arm64' } });
    expect(arm.result).toMatchObject({
      message: expect.stringMatching(/expected Linux x64 for CUDA, got linux-arm64/),
    });
  });
});
