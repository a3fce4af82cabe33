import { byteLengthOf, DTYPES, type Dtype, isDtype } from './dtype.js';
import { scanKeys } from './json-keys.js';
import { LENGTH_BYTES, MAX_RANK, MAX_TENSORS } from './limits.js';
import { type SafetensorsErrorCode, SafetensorsParseError } from './parse-error.js';

/** What a file says about one tensor. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Offset of the first byte from the file's start. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A checked header. */
export interface SafetensorsHeader {
  /** In the order of the data. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Values that are not texts are given as JSON. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Checks and reads a header: names unique, types known, every tensor's byte range the size of its shape, and all ranges together
 * cover the rest of the file exactly, without gap or overlap.
 *
 * @param bytes - the header without its length field.
 * @param file - for errors.
 * @param fileSize - in bytes.
 * @throws {SafetensorsParseError} when anything is amiss.
 */
export function parseHeader(bytes: Uint8Array, file: string, fileSize: number): SafetensorsHeader {
  const fail = (code: SafetensorsErrorCode, offset: number, field: string, text: string, cause?: unknown): never => {
    throw new SafetensorsParseError(code, { file, offset, field }, text, cause);
  };
  const { text, json } = parseJson(bytes, fail);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return fail(
      'header-json',
      LENGTH_BYTES,
      'header',
      'expected an object of tensors, got something else. Save the file again.',
    );
  }
  const { positions, repeated } = scanKeys(text);
  const byteAt = (index: number): number => LENGTH_BYTES + Buffer.byteLength(text.slice(0, index));
  const place = (name: string): number => byteAt(positions.get(name) ?? 0);
  if (repeated) {
    const { key, at } = repeated;
    fail(
      'duplicate-name',
      byteAt(at),
      key,
      `expected unique names, got ${JSON.stringify(key)} twice. Save the file again.`,
    );
  }

  const { __metadata__: rawMetadata, ...tensors } = json as Record<string, unknown>;
  const metadata = textRecord(rawMetadata ?? {});
  if (!metadata) {
    return fail(
      'metadata',
      place('__metadata__'),
      '__metadata__',
      'expected an object of strings, got another value. Save the file again.',
    );
  }
  const names = Object.keys(tensors);
  if (names.length > MAX_TENSORS) {
    fail(
      'too-many-tensors',
      LENGTH_BYTES,
      'header',
      `expected at most ${MAX_TENSORS} tensors, got ${names.length}. Split the file.`,
    );
  }

  const dataStart = LENGTH_BYTES + bytes.length;
  const entries = names.map((name): [string, TensorEntry] => {
    const reject: Reject = (
      code,
      field,
      expected,
      remedy = 'The header is damaged: fetch or save the file again',
    ): never => fail(code, place(name), `${name}${field}`, `expected ${expected}. ${remedy}.`);
    return [name, parseEntry(tensors[name], dataStart, reject)];
  });
  entries.sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);

  let end = dataStart;
  for (const [name, entry] of entries) {
    if (entry.offset !== end) {
      const code = entry.offset < end ? 'overlap' : 'gap';
      const text = `expected the data of ${name} to begin at byte ${end}, where the tensor before ends, got ${entry.offset}`;
      fail(code, place(name), `${name}.data_offsets`, `${text}. The header is damaged: fetch or save the file again.`);
    }
    end += entry.byteLength;
    if (end > fileSize) {
      fail(
        'truncated',
        fileSize,
        name,
        `expected the data of ${name} to end at byte ${end}, got a file of ${fileSize} bytes. Fetch or save the file again.`,
      );
    }
  }
  if (end !== fileSize) {
    fail(
      'trailing-bytes',
      end,
      'data',
      `expected the file to end at byte ${end}, got ${fileSize - end} bytes more. Fetch or save the file again.`,
    );
  }
  return { entries: new Map(entries), metadata };
}

type Fail = (code: SafetensorsErrorCode, offset: number, field: string, text: string, cause?: unknown) => never;

function parseJson(bytes: Uint8Array, fail: Fail): { text: string; json: unknown } {
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    fail('header-text', LENGTH_BYTES, 'header', 'expected UTF-8, got other bytes. Is this a safetensors file?', cause);
  }
  if (!text.startsWith('{')) {
    fail(
      'header-json',
      LENGTH_BYTES,
      'header',
      `expected "{", got ${JSON.stringify(text.slice(0, 8))}. Is this a safetensors file?`,
    );
  }
  try {
    return { text, json: JSON.parse(text) };
  } catch (cause) {
    return fail(
      'header-json',
      LENGTH_BYTES,
      'header',
      'expected JSON, got text that does not parse. Fetch or save the file again.',
      cause,
    );
  }
}

/** Values that are not texts, which some writers put there against the format, become their JSON. */
function textRecord(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const texts = Object.entries(value).map(([key, v]) => [key, typeof v === 'string' ? v : JSON.stringify(v)]);
  return Object.fromEntries(texts);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

type Reject = (code: SafetensorsErrorCode, field: string, expected: string, remedy?: string) => never;

function parseEntry(raw: unknown, dataStart: number, reject: Reject): TensorEntry {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return reject('entry', '', 'an object, got another value');
  const { dtype, shape, data_offsets: offsets } = raw as Record<string, unknown>;
  if (!isDtype(dtype))
    return reject(
      'dtype',
      '.dtype',
      `one of ${DTYPES.join(', ')}, got ${brief(dtype)}`,
      'Save that tensor as one of these, or fetch the file again if it should be',
    );
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    return reject('shape', '.shape', `a list of sides ≥ 0, got ${brief(shape)}`);
  }
  if (shape.length > MAX_RANK) return reject('shape', '.shape', `at most ${MAX_RANK} axes, got ${shape.length}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return reject('offsets', '.data_offsets', `[begin, end], got ${brief(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const byteLength = byteLengthOf(dtype, shape);
  if (!Number.isSafeInteger(byteLength) || end - begin !== byteLength) {
    return reject('offsets', '.data_offsets', `${byteLength} bytes for ${dtype} [${shape}], got [${begin}, ${end}]`);
  }
  return { dtype, shape, offset: dataStart + begin, byteLength };
}

const brief = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? 'nothing';
