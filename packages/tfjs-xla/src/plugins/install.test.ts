import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeWheel, indexServer, LINUX, NO_PIP, noise, scratch } from '@edm2/wheels/index-server.fixture';
import { fileName } from '@edm2/wheels/wheel';
import { describe, expect, it } from 'vitest';
import { OFFERED, WANTED, wheelsOf } from './catalogue.js';
import { install, remove } from './install.js';
import { findPlugins, type Kind } from './locate.js';

const cpuWheel = () =>
  fakeWheel('lammps-jax-pjrt-cpu', {
    'lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so': { content: noise(1000) },
    'lammps_jax_pjrt_cpu/__init__.py': { content: noise(10) },
    'lammps_jax_pjrt_cpu-0.11.2.dist-info/licenses/LICENSE': { content: noise(10) },
  });

describe('install', () => {
  it('unpacks the plugin, where findPlugins finds it, and remove takes it away', async () => {
    const fake = await cpuWheel();
    const settings = { folders: [], indexes: [(await indexServer([fake])).index] };
    const directory = await scratch();
    const sources = { machine: LINUX, env: NO_PIP, wheels: [fake.wheel], settings, freeBytes: async () => 1e12 };
    const made = await install({ kind: 'cpu', directory }, sources);
    expect(made).toMatchObject({ kind: 'cpu', already: false });
    expect((await readdir(made.folder)).sort()).toEqual([
      'installation.json',
      'lammps_jax_pjrt_cpu',
      'lammps_jax_pjrt_cpu-0.11.2.dist-info',
    ]);
    expect(findPlugins({ directory, env: {} })).toEqual([
      { file: made.file, from: 'installed', kind: 'cpu', root: made.folder },
    ]);
    expect(await install({ kind: 'cpu', directory }, sources)).toMatchObject({ already: true });
    expect(await remove({ directory })).toEqual([made.folder]);
  });

  it.each<Kind>(['tpu'])('%s is not offered, and says where to get it', async (kind) => {
    await expect(install({ kind, directory: '/nowhere' })).rejects.toThrow(
      new RegExp(
        `expected one of --cpu, --cuda13, --cuda12, --rocm, --oneapi, got --${kind}.*pip install "jax\\[${kind}\\]"`,
      ),
    );
  });

  it.each([
    ['ARM', { ...LINUX, arch: 'arm64' }, /expected linux-x64, got linux-arm64.*onnxruntime/],
    ['macOS', { ...LINUX, platform: 'darwin' }, /got darwin-x64/],
    ['musl', { ...LINUX, glibc: undefined }, /got another C library/],
    ['old glibc', { ...LINUX, glibc: '2.17' }, /expected glibc 2\.27 or newer, got glibc 2\.17/],
  ])('%s is refused by name', async (_, machine, message) => {
    await expect(install({ kind: 'cpu', directory: '/nowhere' }, { machine })).rejects.toThrow(message);
  });
});

it('prefers what is named, then the variable, then an installed JAX, then what was installed; accelerators first', async () => {
  const [directory, environment] = [await scratch(), await scratch()];
  const put = async (root: string, path: string): Promise<string> => {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), '');
    return join(root, path);
  };
  const cpu = await put(directory, '0.11.2-cpu/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so');
  const cuda = await put(directory, '0.11.2-cuda13/jax_plugins/xla_cuda13/xla_cuda_plugin.so');
  await put(directory, '.0.11.2-cuda12.partial/jax_plugins/xla_cuda12/xla_cuda_plugin.so');
  const jax = await put(environment, 'lib/python3.13/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so');
  const env = { VIRTUAL_ENV: environment, PJRT_PLUGIN_LIBRARY_PATH: '/by/variable.so' };
  const options = { plugin: '/by/name.so', directory, env };
  const found = findPlugins(options, () => true);
  expect(found.map(({ file, from, kind }) => [file, from, kind])).toEqual([
    ['/by/name.so', 'option', undefined],
    ['/by/variable.so', 'PJRT_PLUGIN_LIBRARY_PATH', undefined],
    [jax, 'jax', 'cuda12'],
    [cuda, 'installed', 'cuda13'],
    [cpu, 'installed', 'cpu'],
  ]);
  expect(found[2]?.root).toBe(join(environment, 'lib/python3.13/site-packages'));
  // Those whose device this machine lacks come last.
  const here = findPlugins(options, (kind) => kind !== 'cuda12').map(({ kind }) => kind);
  expect(here).toEqual([undefined, undefined, 'cuda13', 'cpu', 'cuda12']);
});

it('pins every wheel to the byte, and unpacks nothing of Python', () => {
  const all = OFFERED.flatMap((kind) => wheelsOf(kind, true) ?? []);
  expect(all.map(fileName)).toEqual([
    'lammps_jax_pjrt_cpu-0.11.2-py3-none-manylinux_2_27_x86_64.whl',
    'jax_cuda13_pjrt-0.11.2-py3-none-manylinux_2_27_x86_64.whl',
    'nvidia_cuda_nvcc-13.0.88-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    'nvidia_nvvm-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    'jax_cuda12_pjrt-0.11.2-py3-none-manylinux_2_27_x86_64.whl',
    'jax_rocm10_pjrt-0.11.2-py3-none-manylinux_2_27_x86_64.whl',
    'jax_oneapi_pjrt-0.11.2-py3-none-manylinux_2_27_x86_64.whl',
  ]);
  const whole = wheelsOf('cuda13') ?? [];
  expect(whole.map(({ project }) => project)).toEqual(expect.arrayContaining(['nvidia-cublas', 'nvidia-cudnn-cu13']));
  for (const { sha256 } of [...all, ...whole]) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(WANTED.test('jax_plugins/xla_cuda13/xla_cuda_plugin.so')).toBe(true);
  expect(WANTED.test('nvidia/cu13/bin/ptxas')).toBe(true);
  expect(WANTED.test('nvidia/cu13/nvvm/libdevice/libdevice.10.bc')).toBe(true);
  expect(WANTED.test('nvidia/cudnn/lib/libcudnn.so.9')).toBe(true);
  expect(WANTED.test('nvidia/cudnn/include/cudnn.h')).toBe(false);
  expect(WANTED.test('nvidia/cu13/bin/nvcc')).toBe(false);
  expect(WANTED.test('jax_plugins/xla_cuda13/__init__.py')).toBe(false);
});
