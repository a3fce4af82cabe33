import { type WheelRow as Row, type Wheel, wheel } from '@edm2/wheels/wheel';

/**
 * Releases of TensorFlow that are pinned here, the default first: the newest, and the last whose wheels run on glibc 2.17. Both have every C
 * function that is used, on all three platforms.
 */
export const VERSIONS = ['2.21.0', '2.16.2'] as const;
export type Version = (typeof VERSIONS)[number];

/** Systems that the pinned wheels are for. */
export const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-arm64'] as const;
export type Platform = (typeof PLATFORMS)[number];

const GLIBC_2_17 = 'manylinux_2_17_x86_64.manylinux2014_x86_64';

/** The official wheels; any Python's would do, as none of its Python is used. */
const CPU: Readonly<Record<Version, Readonly<Record<Platform, Row>>>> = {
  '2.21.0': {
    'linux-x64': [
      'tensorflow-cpu',
      '2.21.0',
      'cp312-cp312-manylinux_2_27_x86_64',
      'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
      274000871,
    ],
    'linux-arm64': [
      'tensorflow',
      '2.21.0',
      'cp312-cp312-manylinux_2_27_aarch64',
      'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
      281946471,
    ],
    'darwin-arm64': [
      'tensorflow',
      '2.21.0',
      'cp312-cp312-macosx_12_0_arm64',
      '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712',
      223488205,
    ],
  },
  '2.16.2': {
    'linux-x64': [
      'tensorflow-cpu',
      '2.16.2',
      `cp312-cp312-${GLIBC_2_17}`,
      '8ec09acc09534017e02318456f77e96947b2ab4d24d2eb580541405c45ea3b70',
      214170320,
    ],
    'linux-arm64': [
      'tensorflow',
      '2.16.2',
      'cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64',
      'e7df529f8db271d3def80538aa7fcd6f5abe306f7b01cb5b580138df68afb499',
      218991442,
    ],
    'darwin-arm64': [
      'tensorflow',
      '2.16.2',
      'cp312-cp312-macosx_12_0_arm64',
      '917366179b596d0dae13e194a26965229b09fef946e4a5892a47fa9b4f7e4ba1',
      227126832,
    ],
  },
};

const nvidia =
  (tags: string) =>
  (name: string, version: string, sha256: string, bytes: number, own = tags): Row => [
    `nvidia-${name}-cu12`,
    version,
    `py3-none-${own}`,
    sha256,
    bytes,
  ];
const n2014 = nvidia('manylinux2014_x86_64');
const n1 = nvidia('manylinux1_x86_64');

/** Builds with CUDA 12, and NVIDIA's libraries in the releases that each names as its least ("and-cuda"). Linux x64 only. */
const CUDA: Readonly<Record<Version, readonly Row[]>> = {
  '2.21.0': [
    [
      'tensorflow',
      '2.21.0',
      'cp312-cp312-manylinux_2_27_x86_64',
      'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
      572611111,
    ],
    n2014('cublas', '12.5.3.2', 'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b', 363313169),
    n2014('cuda-cupti', '12.5.82', 'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953', 13811507),
    n2014('cuda-nvcc', '12.5.82', 'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0', 22468537),
    n2014('cuda-nvrtc', '12.5.82', '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd', 24873108),
    n2014('cuda-runtime', '12.5.82', '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115', 895707),
    n2014('cudnn', '9.3.0.75', '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d', 577163502),
    n2014('cufft', '11.2.3.61', '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8', 192524114),
    n2014('curand', '10.3.6.82', '2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536', 56309107),
    n2014('cusolver', '11.6.3.83', '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b', 130341232),
    n2014('cusparse', '12.5.1.3', '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752', 217558979),
    n2014(
      'nccl',
      '2.27.7',
      'de5ba5562f08029a19cb1cd659404b18411ed0d6c90ac5f52f30bf99ad5809aa',
      322546339,
      'manylinux2014_x86_64.manylinux_2_17_x86_64',
    ),
    n2014('nvjitlink', '12.5.82', 'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212', 21298879),
  ],
  '2.16.2': [
    [
      'tensorflow',
      '2.16.2',
      `cp312-cp312-${GLIBC_2_17}`,
      '5badc6744672a3181c012b6ab2815975be34d0573db3b561383634acc0d46a55',
      590776704,
    ],
    n1('cublas', '12.3.4.1', '9b25b27bd5a5be1cc7e83a7b8004258daa338800798e22986e5b67ee06f0859d', 412581912),
    n1('cuda-cupti', '12.3.101', '7b984288af7db1faa1e6f1803db075d4350116b72a98d4be0e88d604dc812c0e', 13978802),
    n1('cuda-nvcc', '12.3.107', 'a3344b94f5e89023fa17e0bbf8fb0dd26d5ef6f4091a5aab08f215e4999eac62', 21955316),
    n1('cuda-nvrtc', '12.3.107', '4db66788a37a234304a0b3203744f9a6c665f48bde65f69a096ae3b5799b5b1d', 24875439),
    n1('cuda-runtime', '12.3.101', '04604679ddca6acb96c76a7a9306282cddc16981f92e148e2dfe227078883cda', 867700),
    n1('cudnn', '8.9.7.29', 'adf4f59ed7a1341103822ed8df6e144f4d47ea8b10d9bf0ea0047ba738fd7b02', 704741186),
    n1('cufft', '11.0.12.1', '3b2c85d24d7dcc578720fdf39e2823950b5857e85164c3c1dc97184a8a8e0398', 98790531),
    n1('curand', '10.3.4.107', 'd798db82ae445cf1d8bf6af9ca3bd6bb6cc87753c229a441cf8d2597b09332e5', 56330780),
    n1('cusolver', '11.5.4.101', '783a3279553feaf8e47af12cab1fa769ffd5e644ea876db3dc2252f35f9bf256', 125182212),
    n1('cusparse', '12.2.0.103', 'fe9e17daf406c98c28fbc8bcf785ecd4db301bf02ce626de6aa1046de66f84bd', 197492558),
    n1('nccl', '2.19.3', 'a9734707a2c96443331c1e48c717024aa6678a0e2a4cb66b2c364d18cee6b48d', 165987969),
    n1('nvjitlink', '12.3.101', '64335a8088e2b9d196ae8665430bc6a2b7e6ef2eb877a9c735c804bd4ff6467c', 20544772),
  ],
};

/**
 * The wheels of one build.
 *
 * @throws {Error} for CUDA on a system that TensorFlow has no such build for.
 */
export function wheelsOf(version: Version, platform: Platform, cuda: boolean): Wheel[] {
  if (!cuda) return [wheel(CPU[version][platform])];
  if (platform !== 'linux-x64')
    throw new Error(
      `install: expected Linux x64 for CUDA, got ${platform}. TensorFlow has no other build with CUDA: leave --cuda out.`,
    );
  return CUDA[version].map(wheel);
}

/** Files that are unpacked: the C library and what it needs, XLA's assembler and device code, licences. Nothing of Python. */
export const WANTED =
  /^(tensorflow\/libtensorflow_(cc|framework)\.(so\.2|2\.dylib)|tensorflow\.libs\/[^/]+\.so[.\d]*|nvidia\/[^/]+\/lib\/[^/]+\.so[.\d]*|nvidia\/cuda_nvcc\/(bin\/ptxas|nvvm\/libdevice\/[^/]+)|[^/]+\.dist-info\/(licenses\/)?(LICENSE|License)[^/]*|tensorflow\/THIRD_PARTY_NOTICES\.txt)$/;
