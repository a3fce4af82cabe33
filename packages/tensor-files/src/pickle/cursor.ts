import { type ByteSource, partOf } from './byte-source.js';
import { MAX_NAME_BYTES, MAX_TEXT_BYTES } from './limits.js';
import { type PickleErrorCode, PickleParseError } from './parse-error.js';
import { LongBytes } from './values.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the operands of instructions one after another; every length is checked against what is left. */
export class Cursor {
  readonly source: ByteSource;
  readonly file: string;
  position: number;
  /** Where the current instruction began, and its name, for errors. */
  at = 0;
  field = 'start';
  readonly #eagerBytes: number;

  /** @param eagerBytes - longest bytes object that is read at once; longer ones become `LongBytes`. */
  constructor(source: ByteSource, file: string, start: number, eagerBytes: number) {
    this.source = source;
    this.file = file;
    this.position = start;
    this.#eagerBytes = eagerBytes;
  }

  fail(code: PickleErrorCode, text: string, cause?: unknown): never {
    throw new PickleParseError(code, { file: this.file, offset: this.at, field: this.field }, text, cause);
  }

  u8(): number {
    return this.#take(1)[0] as number;
  }
  u16(): number {
    return this.#view(2).getUint16(0, true);
  }
  u32(): number {
    return this.#view(4).getUint32(0, true);
  }
  i32(): number {
    return this.#view(4).getInt32(0, true);
  }
  /** A length of eight bytes; one beyond 2⁵³ is beyond any file's end. */
  u64(): number {
    return Number(this.#view(8).getBigUint64(0, true));
  }
  /** Big-endian, as BINFLOAT has it. */
  f64(): number {
    return this.#view(8).getFloat64(0, false);
  }

  /** A copy of `length` bytes that the caller has bounded. */
  small(length: number): Uint8Array {
    return this.#take(length).slice();
  }

  text(length: number, encoding: 'utf8' | 'latin1'): string {
    if (length > MAX_TEXT_BYTES)
      this.fail('too-large', `expected text of at most ${MAX_TEXT_BYTES} bytes, got ${length}. The file is damaged.`);
    const bytes = this.#take(length);
    if (encoding === 'latin1') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      return this.fail('text', 'expected UTF-8, got other bytes. The file is damaged: fetch it again.', cause);
    }
  }

  /**
   * A text that ends at a line break, one character a byte.
   *
   * @param most - longest that is read.
   */
  line(most = MAX_NAME_BYTES): string {
    for (let length = Math.min(most, MAX_NAME_BYTES); ; length = Math.min(most, 4 * length)) {
      const bytes = this.source.peek(this.position, length);
      const end = bytes.indexOf(10);
      if (end >= 0) {
        this.position += end + 1;
        return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('latin1');
      }
      if (length < most && bytes.length === length) continue;
      this.fail(
        bytes.length < length ? 'truncated' : 'too-large',
        `expected a line of at most ${most} bytes and its end, got none. The file is damaged.`,
      );
    }
  }

  bytes(length: number): Uint8Array | LongBytes {
    this.need(length);
    if (length > this.#eagerBytes) {
      const span = new LongBytes(partOf(this.source, this.position, length));
      this.position += length;
      return span;
    }
    return this.#take(length);
  }

  need(length: number): void {
    const left = this.source.length - this.position;
    if (length > left)
      this.fail('truncated', `expected ${length} bytes more, got ${Math.max(0, left)}. Fetch or save the file again.`);
  }

  #take(length: number): Uint8Array {
    this.need(length);
    const bytes = this.source.peek(this.position, length);
    if (bytes.length < length)
      this.fail('truncated', `expected ${length} bytes, got ${bytes.length}. The file became shorter: read it again.`);
    this.position += length;
    return bytes;
  }

  #view(length: number): DataView {
    const bytes = this.#take(length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}
