import { type Wheel, type WheelRow, wheel } from '@edm2/wheels/wheel';
import type { Kind } from './locate.js';

/** XLA of this release of JAX, in every plugin that is pinned. */
export const VERSION = '0.11.2';

const GLIBC_2_27 = 'py3-none-manylinux_2_27_x86_64';
const GLIBC_2_17 = 'py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64';
const GLIBC_2_12 = 'py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64';

/** Plugins that can be installed on Linux x64, known to the byte. Apache-2.0; what NVIDIA's wheels hold, under its own terms. */
const PLUGINS: Partial<Readonly<Record<Kind, readonly WheelRow[]>>> = {
  cpu: [
    [
      'lammps-jax-pjrt-cpu',
      VERSION,
      GLIBC_2_27,
      '1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1',
      62711338,
    ],
  ],
  cuda13: [
    [
      'jax-cuda13-pjrt',
      VERSION,
      GLIBC_2_27,
      'e5ff589d43064913bb74027682d89639c7ea48f9f81c2bae6fc75117e913f93e',
      134162640,
    ],
    // XLA's assembler, linker and device code.
    [
      'nvidia-cuda-nvcc',
      '13.0.88',
      GLIBC_2_17,
      '56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03',
      37384532,
    ],
    [
      'nvidia-nvvm',
      '13.0.88',
      GLIBC_2_12,
      'c5f41ffeb6466944a026dfa5317d7d85355c119bbec279205d22f1869d1054e0',
      61601415,
    ],
  ],
  cuda12: [
    [
      'jax-cuda12-pjrt',
      VERSION,
      GLIBC_2_27,
      '2133b3afc63307c016ae4980f166b2b3de199759363ead74f7d550eaae953463',
      188235313,
    ],
  ],
  rocm: [
    [
      'jax-rocm10-pjrt',
      VERSION,
      GLIBC_2_27,
      '337919d6b13f247d9347e4f4ba96901a846adcd34307e4fd0db664b1be380033',
      139948157,
    ],
  ],
  oneapi: [
    [
      'jax-oneapi-pjrt',
      VERSION,
      GLIBC_2_27,
      'ae7250c5d4459dcfedf4de1bf683edfef0502861e44b6e9bfaa7d8133b4292c1',
      135149983,
    ],
  ],
};

/** NVIDIA's libraries, which XLA opens at run time, for machines without JAX and PyTorch: the versions that PyTorch for CUDA 13 asks for together. */
const CUDA13_LIBRARIES: readonly WheelRow[] = [
  [
    'nvidia-cublas',
    '13.4.1.3',
    GLIBC_2_27,
    'a5917cb642cfb07f4a0231ee16aec7e2e0357d8cb8b1b78a0c9c68dba3e6afc7',
    404870805,
  ],
  [
    'nvidia-cudnn-cu13',
    '9.26.0.51',
    GLIBC_2_27,
    '9c976d539786698c71d6bcdbe2053b7485fae062ff7e1215d2f2ff67b1a2149a',
    519150073,
  ],
  [
    'nvidia-nccl-cu13',
    '2.30.7',
    'py3-none-manylinux_2_18_x86_64',
    'cefa7fdb9710efd0f39c5f1be1d61ff6fc9a996c451265bd7fbdcf9455ed4b50',
    215965170,
  ],
  [
    'nvidia-cuda-nvrtc',
    '13.2.86',
    GLIBC_2_12,
    '8111c5130e967b78222ea2124145f8efe9ce201b752b2579a2513100a53be1c5',
    47018468,
  ],
  [
    'nvidia-nvjitlink',
    '13.2.86',
    GLIBC_2_12,
    '285a9cead9924391588d794400bdd7e8f9d1a277a7d78ed79acfa0ea702a14dd',
    41370546,
  ],
  [
    'nvidia-cufft',
    '12.2.0.57',
    GLIBC_2_17,
    '34da27fadf3979b0b042c43823f0530be8408b86df31ee0108e1ca0b621d4ef6',
    218258101,
  ],
  [
    'nvidia-cusolver',
    '12.2.0.11',
    GLIBC_2_27,
    'fab5778f6769947389a1a6abc07e635576825a08c0ffc68c3ae7f1392c794b42',
    227913465,
  ],
  [
    'nvidia-cusparse',
    '12.7.10.12',
    GLIBC_2_17,
    '25907c75e4db1581685f06f61cc6cdecc04611765516a52373e0a18ebd69fa00',
    150999307,
  ],
  [
    'nvidia-cuda-cupti',
    '13.2.86',
    'py3-none-manylinux_2_25_x86_64',
    '8fa29f15dd8336181f961764d9d95236fc6b931dd0c8fcf8cd70aab0c310b586',
    11988600,
  ],
  [
    'nvidia-cuda-runtime',
    '13.2.86',
    GLIBC_2_17,
    '3498247680dfddce31bad102af7e3e26fc795342a3cac64722bb0fa95e7f60f0',
    2323576,
  ],
  [
    'nvidia-nvshmem-cu13',
    '3.7.2',
    GLIBC_2_17,
    'b9a4f843c62b5dded8ad33fd6d220e007dcd39f06cee549292f5ba14ce4c235c',
    135397797,
  ],
];

/** Kinds that the command installs. */
export const OFFERED = Object.keys(PLUGINS) as readonly Kind[];

/**
 * The wheels of a kind; undefined where nothing is pinned.
 *
 * @param alone - without the libraries that it opens at run time.
 */
export function wheelsOf(kind: Kind, alone = false): readonly Wheel[] | undefined {
  const rows = PLUGINS[kind];
  return rows && [...rows, ...(kind === 'cuda13' && !alone ? CUDA13_LIBRARIES : [])].map(wheel);
}

/** Files that are unpacked: the plugin, what it runs to compile, libraries, licences. Nothing of Python. */
export const WANTED =
  /^((lammps_jax_pjrt_cpu|jax_plugins\/xla_\w+)\/[^/]+\.so|nvidia\/cu13\/(bin\/(ptxas|nvlink)|nvvm\/libdevice\/[^/]+)|nvidia\/(cu13|cudnn|nccl|nvshmem)\/lib\/lib[^/]+\.so[^/]*|[^/]+\.dist-info\/(licenses\/)?(LICENSE|License|THIRD_PARTY)[^/]*)$/;
