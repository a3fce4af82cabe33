import { type FileHandle, open } from 'node:fs/promises';
import { toFileShape } from '@edm2/tensor-files/tfjs';
import { createUNet, type UNetOptions } from '../index.js';

/** What a module tree is made of: tensors and modules by name. */
interface Module {
  readonly tensors: Map<string, { readonly shape: readonly number[]; readonly isBuffer: boolean }>;
  readonly modules: Map<string, Module>;
}

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([88]), u32(bytes.length), bytes]);
};
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const named = (module: string, name: string): Buffer => Buffer.concat([text(module), text(name), Buffer.from([147])]);
const integer = (value: number): Buffer => Buffer.concat([Buffer.from('J'), Buffer.from(Int32Array.of(value).buffer)]);
const number = (value: number | null): Buffer => {
  if (value === null) return Buffer.from('N');
  if (Number.isInteger(value)) return integer(value);
  const bytes = Buffer.alloc(9, 'G');
  bytes.writeDoubleBE(value, 1);
  return bytes;
};
const tuple = (values: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from('('), ...values.map(integer), Buffer.from('t')]);

/** Half of a storage in torch's old format before its numbers. */
const storageHead = (elements: number): Buffer => {
  const p = Buffer.from([128, 2]);
  const id = [
    Buffer.from('('),
    text('storage'),
    Buffer.from('ctorch\nHalfStorage\n'),
    text('0'),
    text('cpu'),
    integer(elements),
  ];
  return Buffer.concat([
    ...[p, Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex'), Buffer.from('.')],
    ...[p, integer(1001), Buffer.from('.'), p, Buffer.from('}.')],
    ...[p, ...id, Buffer.from('NtQ.'), p, Buffer.from(']('), text('0'), Buffer.from('e.')],
    Buffer.from(BigInt64Array.of(BigInt(elements)).buffer),
  ]);
};

/** Number `i` of every tensor, as float16 bits: between 1/16 and 1/4. */
export const halfAt = (i: number): number => 0x2c00 + ((i * 31) % 2048);

const PIECE = 1 << 20;

/**
 * A network snapshot in the structure of NVIDIA's, of any size, written piece by piece; for tests of reading and of its memory.
 *
 * @returns numbers in it.
 */
export async function writeSnapshotPickle(
  path: string,
  options: UNetOptions,
  keywords: Readonly<Record<string, number | null>> = {},
): Promise<number> {
  const unet = createUNet(options);
  const top: Module = { tensors: new Map(), modules: new Map() };
  for (const { name, shape, kind } of unet.parameters) {
    const parts = name.split('.');
    const last = parts.pop() ?? '';
    let module = top;
    for (const part of parts) {
      const next = module.modules.get(part) ?? { tensors: new Map(), modules: new Map() };
      module.modules.set(part, next);
      module = next;
    }
    module.tensors.set(last, { shape: toFileShape(shape), isBuffer: kind === 'buffer' });
  }
  const handle = await open(path, 'w');
  let values = 0;
  const put = async (...parts: (Buffer | string)[]) => {
    for (const part of parts) await handle.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
  };
  const tensor = async (shape: readonly number[]) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const head = storageHead(size);
    await put(named('torch._utils', '_rebuild_tensor_v2'), '(', named('torch.storage', '_load_from_bytes'));
    await put('B', u32(head.length + 2 * size), head);
    await numbers(handle, size);
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
    await put('\x85R', integer(0), tuple(shape), tuple(strides), '\x89', named('collections', 'OrderedDict'), ')RtR');
    values += size;
  };
  const module = async (className: string, { tensors, modules }: Module, more: () => Promise<void>) => {
    await put(
      named('torch_utils.persistence', '_reconstruct_persistent_obj'),
      '}(',
      text('class_name'),
      text(className),
    );
    await put(text('module_src'), text('raise SystemExit'), text('state'), '}(');
    for (const [field, isBuffer] of [
      ['_parameters', false],
      ['_buffers', true],
    ] as const) {
      await put(text(field), '}(');
      for (const [name, spec] of tensors)
        if (spec.isBuffer === isBuffer) {
          await put(text(name));
          await tensor(spec.shape);
        }
      await put('u');
    }
    await put(text('_modules'), '}(');
    for (const [name, child] of modules) {
      await put(text(name));
      await module('Module', child, async () => {});
    }
    await put('u');
    await more();
    await put('uu\x85R');
  };
  const { config } = unet;
  await put('\x80\x04}(', text('ema'));
  await module('Precond', top, async () => {
    await put(text('_init_kwargs'), '}(');
    for (const [name, value] of Object.entries({
      img_resolution: config.imgResolution,
      img_channels: config.imgChannels,
      label_dim: config.labelDim,
      model_channels: config.modelChannels,
      num_blocks: config.numBlocks,
      channels_per_head: config.channelsPerHead,
      ...keywords,
    }))
      await put(text(name), number(value));
    await put(
      text('channel_mult'),
      tuple(config.channelMult),
      text('attn_resolutions'),
      tuple(config.attnResolutions),
      'u',
    );
  });
  await put('u.');
  await handle.close();
  return values;
}

async function numbers(handle: FileHandle, size: number): Promise<void> {
  for (let begin = 0; begin < size; begin += PIECE) {
    const piece = Uint16Array.from({ length: Math.min(PIECE, size - begin) }, (_, i) => halfAt(begin + i));
    await handle.write(new Uint8Array(piece.buffer));
  }
}
