import type { Decoded } from './decode-image.js';
import { DatasetError } from './errors.js';

export function decodeNpy(_bytes: Uint8Array, path: string): Decoded {
  throw new DatasetError({ code: 'unsupported', where: 'Dataset.read', file: path, expected: '', got: '', remedy: '' });
}
