import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from('X'), Buffer.from(Uint32Array.of(bytes.length).buffer), bytes]);
};
const integer = (value: number): Buffer => Buffer.concat([Buffer.from('J'), Buffer.from(Int32Array.of(value).buffer)]);
const tuple = (values: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from('('), ...values.map(integer), Buffer.from('t')]);

const STORAGES = { Float32Array: 'FloatStorage', BigInt64Array: 'LongStorage', Uint8Array: 'BoolStorage' } as const;

/** A tensor for {@link writeTorchZip}. */
export interface TorchInput {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array | Uint8Array;
}

/** A state dict as `torch.save` writes it. */
export async function writeTorchZip(path: string, tensors: Readonly<Record<string, TorchInput>>): Promise<string> {
  const zip = new ZipFile();
  const parts: (Buffer | string)[] = ['\x80\x02ccollections\nOrderedDict\n)R('];
  const entries = Object.entries(tensors);
  for (const [key, [name, { shape, data }]] of entries.entries()) {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
    const storage = STORAGES[data.constructor.name as keyof typeof STORAGES];
    parts.push(text(name), 'ctorch._utils\n_rebuild_tensor_v2\n((', text('storage'), `ctorch\n${storage}\n`);
    parts.push(text(String(key)), text('cpu'), integer(data.length), 'tQ', integer(0), tuple(shape), tuple(strides));
    parts.push('\x89ccollections\nOrderedDict\n)RtR');
  }
  const pickle = Buffer.concat(
    [...parts, 'u.'].map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
  zip.addBuffer(pickle, 'archive/data.pkl', { compress: false });
  zip.addBuffer(Buffer.from('little'), 'archive/byteorder', { compress: false });
  for (const [key, [, { data }]] of entries.entries())
    zip.addBuffer(Buffer.from(data.buffer, data.byteOffset, data.byteLength), `archive/data/${key}`, {
      compress: false,
    });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}
