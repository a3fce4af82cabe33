import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { fileName, PLATFORMS, VERSIONS, WANTED, wheelsOf } from './catalogue.js';
import { cacheFolder } from './folders.js';
import { LINUX, scratch } from './index-server.fixture.js';
import { indexSettings, PUBLIC_INDEX } from './index-settings.js';
import { type Machine, platformOf } from './platform.js';

const home = await scratch();
const write = async (path: string, text: string): Promise<string> => {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), text);
  return join(home, path);
};
const read = (env: NodeJS.ProcessEnv) =>
  indexSettings({ env: { XDG_CONFIG_DIRS: join(home, 'etc'), ...env }, platform: 'linux', home });

it('reads pip’s settings as pip does', async () => {
  expect(read({})).toEqual({ folders: [], indexes: [PUBLIC_INDEX] });
  await write('etc/pip/pip.conf', '[global]\nindex-url = http://site/simple/\nextra-index-url = http://extra/simple\n');
  expect(read({}).indexes).toEqual(['http://site/simple', 'http://extra/simple']);
  await write(
    '.config/pip/pip.conf',
    '# mine\n[global]\nindex_url: http://user/simple\nextra-index-url =\n    http://one/simple\n    http://two/simple\n[download]\nfind-links = /my/wheels\n[list]\nindex-url = http://no/simple\n',
  );
  expect(read({})).toEqual({
    folders: ['/my/wheels'],
    indexes: ['http://user/simple', 'http://one/simple', 'http://two/simple'],
  });
  const named = await write('named.conf', '[install]\nindex-url = http://named/simple\n');
  expect(read({ PIP_CONFIG_FILE: named }).indexes[0]).toBe('http://named/simple');
  expect(read({ PIP_CONFIG_FILE: '/dev/null' })).toEqual({ folders: [], indexes: [PUBLIC_INDEX] });
  expect(read({ PIP_INDEX_URL: 'http://env/simple', PIP_FIND_LINKS: 'file:///w http://far/' })).toEqual({
    folders: ['/w'],
    indexes: ['http://env/simple', 'http://one/simple', 'http://two/simple'],
  });
  expect(read({ PIP_NO_INDEX: '1' }).indexes).toEqual([]);
});

it('keeps installations in the user’s cache, or where told to', () => {
  expect(cacheFolder({ TFJS_LIBTENSORFLOW_DIR: '/x' }, 'linux')).toBe('/x');
  expect(cacheFolder({ XDG_CACHE_HOME: '/c' }, 'linux')).toBe('/c/tfjs-libtensorflow');
  expect(cacheFolder({}, 'linux')).toMatch(/\.cache\/tfjs-libtensorflow$/);
  expect(cacheFolder({}, 'darwin')).toMatch(/Library\/Caches\/tfjs-libtensorflow$/);
});

it.each<[string, Partial<Machine>, RegExp]>([
  ['Windows', { platform: 'win32' }, /got win32-x64. It is not available here: use onnxruntime/],
  ['Intel macOS', { platform: 'darwin' }, /got darwin-x64.*use onnxruntime/],
  ['old macOS', { platform: 'darwin', arch: 'arm64', release: '20.6.0' }, /expected macOS 12 or newer, got Darwin 20/],
  ['musl', { glibc: undefined }, /expected glibc 2\.27 or newer, got another C library.*use onnxruntime/],
  ['old glibc', { glibc: '2.17' }, /expected glibc 2\.27 .*got glibc 2\.17/],
  ['old Node', { node: '18.20.4' }, /expected Node\.js 20 or newer, got 18\.20\.4/],
])('%s is refused by name', (_, machine, message) => {
  expect(() => platformOf({ ...LINUX, ...machine }, '2.21.0')).toThrow(message);
});

it('knows the platforms that have builds', () => {
  expect(platformOf(LINUX, '2.21.0')).toBe('linux-x64');
  expect(platformOf({ ...LINUX, arch: 'arm64', glibc: '2.17' }, '2.16.2')).toBe('linux-arm64');
  const mac = { platform: 'darwin', arch: 'arm64', release: '23.1.0', glibc: undefined, node: '20.0.0' };
  expect(platformOf(mac, '2.21.0')).toBe('darwin-arm64');
});

it('pins every wheel to the byte', () => {
  const all = VERSIONS.flatMap((version) => [
    ...PLATFORMS.flatMap((platform) => wheelsOf(version, platform, false)),
    ...wheelsOf(version, 'linux-x64', true),
  ]);
  expect(new Set(all.map(({ sha256 }) => sha256)).size).toBe(all.length);
  for (const wheel of all) {
    expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(fileName(wheel)).toMatch(
      /^(tensorflow|tensorflow_cpu|nvidia_\w+_cu12)-[\d.]+-(cp312-cp312|py3-none)-\w+(\.\w+)?\.whl$/,
    );
  }
  expect(wheelsOf('2.21.0', 'linux-x64', true)).toHaveLength(13);
});

it('unpacks nothing of Python', () => {
  const wanted = [
    'tensorflow/libtensorflow_cc.so.2',
    'tensorflow/libtensorflow_framework.2.dylib',
    'tensorflow.libs/libomp-e9212f90.so.5',
    'nvidia/cudnn/lib/libcudnn_ops.so.9',
    'nvidia/cuda_nvcc/bin/ptxas',
  ];
  const rest = [
    'tensorflow/python/_pywrap_tfe.so',
    'nvidia/cudnn/include/cudnn.h',
    'x/tensorflow/libtensorflow_cc.so.2',
  ];
  expect(wanted.every((path) => WANTED.test(path))).toBe(true);
  expect(rest.some((path) => WANTED.test(path))).toBe(false);
});
