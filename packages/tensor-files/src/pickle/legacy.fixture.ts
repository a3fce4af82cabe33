import { bytesOf } from './assemble.fixture.js';

/** Parts of a pickle's bytes. */
export type Part = string | number | readonly number[];

export const text = (value: string): number[] => [88, value.length, 0, 0, 0, ...Buffer.from(value)];
export const tuple = (...sides: number[]): (number | string)[] => ['(', ...sides.flatMap((side) => ['K', side]), 't'];
export const storage = (elements: number, view: readonly Part[] = ['N']) => [
  ...['(', text('storage'), 'ctorch\nFloatStorage\n', text('0'), text('cpu'), 'K', elements, ...view, 'tQ'],
];
/** A call of `module.name`. */
export const call = (name: string, ...args: readonly (readonly Part[])[]): Part[] => {
  const dot = name.lastIndexOf('.');
  return [`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`, '(', ...args.flat(), 'tR'];
};
export const tensor = (elements: number, offset: number, shape: number[], strides: number[]) => [
  ...[
    'ctorch._utils\n_rebuild_tensor_v2\n(',
    ...storage(elements),
    'K',
    offset,
    ...tuple(...shape),
    ...tuple(...strides),
  ],
  ...[137, 'ccollections\nOrderedDict\n)RtR'],
];
/** A file of torch.save before its files were zips, with one storage of six numbers that all its tensors share. */
export const legacyFile = (tensors: readonly Part[], count = 6, isBigEndian = false): Uint8Array => {
  const p = [128, 2];
  const numbers = Buffer.from(Float32Array.of(0, 1, 2, 3, 4, 5).buffer);
  if (isBigEndian) numbers.swap32();
  const before = [
    ...p,
    138,
    10,
    0x6c,
    0xfc,
    0x9c,
    0x46,
    0xf9,
    0x20,
    0x6a,
    0xa8,
    0x50,
    0x19,
    '.',
    ...p,
    'M',
    233,
    3,
    '.',
  ];
  return bytesOf(
    ...before,
    ...p,
    '}',
    ...(isBigEndian ? [text('little_endian'), 137, 's'] : []),
    '.',
    ...p,
    '](',
    ...tensors,
    'e.',
    ...p,
    '](',
    text('0'),
    'e.',
    count,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    numbers,
  );
};
