import { LINUX } from '@edm2/wheels/index-server.fixture';
import type { Machine } from '@edm2/wheels/machine';
import { fileName } from '@edm2/wheels/wheel';
import { expect, it } from 'vitest';
import { PLATFORMS, VERSIONS, WANTED, wheelsOf } from './catalogue.js';
import { cacheFolder } from './folders.js';
import { platformOf } from './platform.js';

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
