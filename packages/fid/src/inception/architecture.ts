/** Convolution without bias, batch normalisation (eps 1e-3), ReLU. */
export interface Conv {
  readonly kind: 'conv';
  /** Name in files, below the block's. */
  readonly name: string;
  readonly out: number;
  readonly size: readonly [number, number];
  readonly stride: 1 | 2;
  readonly pad: 'same' | 'valid';
}

/** 3×3 pooling. Averages do not count the padding. */
export interface Pool {
  readonly kind: 'avg' | 'max';
  readonly stride: 1 | 2;
  readonly pad: 'same' | 'valid';
}

/** Convolutions of one input, side by side. */
export interface Fork {
  readonly kind: 'fork';
  readonly convs: readonly Conv[];
}

/** What a branch does, in order. */
export type Step = Conv | Pool | Fork;

/** A stage: branches of one input, concatenated over channels. */
export interface Stage {
  readonly name: string;
  readonly branches: readonly (readonly Step[])[];
}

const conv = (name: string, out: number, size: number | readonly [number, number] = 1): Conv => ({
  kind: 'conv',
  name,
  out,
  size: typeof size === 'number' ? [size, size] : size,
  stride: 1,
  pad: 'same',
});
const valid = (base: Conv): Conv => ({ ...base, pad: 'valid' });
const halving = (base: Conv): Conv => ({ ...base, stride: 2, pad: 'valid' });
const AVERAGE: Pool = { kind: 'avg', stride: 1, pad: 'same' };
const MAXIMUM: Pool = { kind: 'max', stride: 1, pad: 'same' };
const HALVING_MAXIMUM: Pool = { kind: 'max', stride: 2, pad: 'valid' };

/** The input's stages have one branch and their convolution no name of its own. */
const single = (name: string, step: Step): Stage => ({ name, branches: [[step]] });

const blockA = (name: string, pooled: number): Stage => ({
  name,
  branches: [
    [conv('branch1x1', 64)],
    [conv('branch5x5_1', 48), conv('branch5x5_2', 64, 5)],
    [conv('branch3x3dbl_1', 64), conv('branch3x3dbl_2', 96, 3), conv('branch3x3dbl_3', 96, 3)],
    [AVERAGE, conv('branch_pool', pooled)],
  ],
});

const blockB = (name: string): Stage => ({
  name,
  branches: [
    [halving(conv('branch3x3', 384, 3))],
    [conv('branch3x3dbl_1', 64), conv('branch3x3dbl_2', 96, 3), halving(conv('branch3x3dbl_3', 96, 3))],
    [HALVING_MAXIMUM],
  ],
});

const blockC = (name: string, inner: number): Stage => ({
  name,
  branches: [
    [conv('branch1x1', 192)],
    [conv('branch7x7_1', inner), conv('branch7x7_2', inner, [1, 7]), conv('branch7x7_3', 192, [7, 1])],
    [
      conv('branch7x7dbl_1', inner),
      conv('branch7x7dbl_2', inner, [7, 1]),
      conv('branch7x7dbl_3', inner, [1, 7]),
      conv('branch7x7dbl_4', inner, [7, 1]),
      conv('branch7x7dbl_5', 192, [1, 7]),
    ],
    [AVERAGE, conv('branch_pool', 192)],
  ],
});

const blockD = (name: string): Stage => ({
  name,
  branches: [
    [conv('branch3x3_1', 192), halving(conv('branch3x3_2', 320, 3))],
    [
      conv('branch7x7x3_1', 192),
      conv('branch7x7x3_2', 192, [1, 7]),
      conv('branch7x7x3_3', 192, [7, 1]),
      halving(conv('branch7x7x3_4', 192, 3)),
    ],
    [HALVING_MAXIMUM],
  ],
});

const fork = (name: string): Fork => ({
  kind: 'fork',
  convs: [conv(`${name}a`, 384, [1, 3]), conv(`${name}b`, 384, [3, 1])],
});

const blockE = (name: string, pool: Pool): Stage => ({
  name,
  branches: [
    [conv('branch1x1', 320)],
    [conv('branch3x3_1', 384), fork('branch3x3_2')],
    [conv('branch3x3dbl_1', 448), conv('branch3x3dbl_2', 384, 3), fork('branch3x3dbl_3')],
    [pool, conv('branch_pool', 192)],
  ],
});

/** The graph of 2015-12-05 from pixels to 8×8×2048; names as pytorch-fid and torch-fidelity have them. */
export const STAGES: readonly Stage[] = [
  single('Conv2d_1a_3x3', halving(conv('', 32, 3))),
  single('Conv2d_2a_3x3', valid(conv('', 32, 3))),
  single('Conv2d_2b_3x3', conv('', 64, 3)),
  single('MaxPool_1', HALVING_MAXIMUM),
  single('Conv2d_3b_1x1', valid(conv('', 80))),
  single('Conv2d_4a_3x3', valid(conv('', 192, 3))),
  single('MaxPool_2', HALVING_MAXIMUM),
  blockA('Mixed_5b', 32),
  blockA('Mixed_5c', 64),
  blockA('Mixed_5d', 64),
  blockB('Mixed_6a'),
  blockC('Mixed_6b', 128),
  blockC('Mixed_6c', 160),
  blockC('Mixed_6d', 160),
  blockC('Mixed_6e', 192),
  blockD('Mixed_7a'),
  blockE('Mixed_7b', AVERAGE),
  blockE('Mixed_7c', MAXIMUM), // the graph's own: maximum where the paper averages
];

/** Classes of `fc`: ImageNet's thousand and eight that the graph never used. */
export const CLASSES = 1008;

/** Width of the features. */
export const POOL_DIMS = 2048;

/** State-dict name of a convolution. */
export const convName = (stage: Stage, { name }: Conv): string => (name === '' ? stage.name : `${stage.name}.${name}`);
