import { type Wheel, wheel } from '@edm2/wheels/wheel';
import type { Kind } from './locate.js';

/** XLA of this release of JAX, in every plugin that is pinned. */
export const VERSION = '0.11.2';

const MANYLINUX = 'py3-none-manylinux_2_27_x86_64';

/** Plugins that can be installed on Linux x64, known to the byte: Apache-2.0; what NVIDIA's wheels hold, under its own terms. */
const PLUGINS: Partial<Readonly<Record<Kind, readonly Wheel[]>>> = {
  cpu: [
    wheel([
      'lammps-jax-pjrt-cpu',
      VERSION,
      MANYLINUX,
      '1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1',
      62711338,
    ]),
  ],
  cuda13: [
    wheel([
      'jax-cuda13-pjrt',
      VERSION,
      MANYLINUX,
      'e5ff589d43064913bb74027682d89639c7ea48f9f81c2bae6fc75117e913f93e',
      134162640,
    ]),
    // XLA's assembler, linker and device code.
    wheel([
      'nvidia-cuda-nvcc',
      '13.0.88',
      'py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64',
      '56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03',
      37384532,
    ]),
    wheel([
      'nvidia-nvvm',
      '13.0.88',
      'py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64',
      'c5f41ffeb6466944a026dfa5317d7d85355c119bbec279205d22f1869d1054e0',
      61601415,
    ]),
  ],
};

/** Kinds that the command installs. */
export const OFFERED = Object.keys(PLUGINS) as readonly Kind[];

/** The wheels of a kind; none where nothing is pinned. */
export const wheelsOf = (kind: Kind): readonly Wheel[] | undefined => PLUGINS[kind];

/** Files that are unpacked: the plugin, what it runs to compile, licences. Nothing of Python. */
export const WANTED =
  /^((lammps_jax_pjrt_cpu|jax_plugins\/xla_cuda13)\/[^/]+\.so|nvidia\/cu13\/(bin\/(ptxas|nvlink)|nvvm\/libdevice\/[^/]+)|[^/]+\.dist-info\/(licenses\/)?(LICENSE|License|THIRD_PARTY)[^/]*)$/;
