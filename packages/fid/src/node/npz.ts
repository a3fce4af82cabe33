import { ZipFile } from 'yazl';

/** A float64 array to write. */
export interface Float64Member {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Bytes before the header's text. */
const PREFIX_BYTES = 10;

/** NumPy pads headers to a multiple of this. */
const ALIGNMENT = 64;

/**
 * An `.npz` archive, stored, as NumPy's `savez` writes it.
 *
 * @param arrays - by name.
 * @yields the archive's chunks.
 */
export async function* createNpz(arrays: Readonly<Record<string, Float64Member>>): AsyncGenerator<Uint8Array> {
  const zip = new ZipFile();
  for (const [name, array] of Object.entries(arrays)) {
    zip.addBuffer(encodeNpy(array), `${name}.npy`, { compress: false, mtime: new Date(0) });
  }
  zip.end();
  for await (const chunk of zip.outputStream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** Version 1.0, little-endian float64, C order. */
function encodeNpy({ shape, data }: Float64Member): Buffer {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((PREFIX_BYTES + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(length, ' ');
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(length - PREFIX_BYTES, 8);
  header.write(text, PREFIX_BYTES, 'latin1');
  header.write('\n', length - 1, 'latin1');
  return Buffer.concat([header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}
