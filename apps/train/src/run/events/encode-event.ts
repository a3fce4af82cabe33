import { maskedCrc32c } from './crc32c.js';

/** One of TensorBoard's events, of the kinds that a run writes. */
export interface TensorBoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** Images seen, ≥ 0. */
  readonly step?: number;
  /** The first event of a file. */
  readonly fileVersion?: string;
  /** A (re)start at `step`: what other files of the folder hold from that step on no longer counts. */
  readonly sessionStart?: boolean;
  /** Values by tag. */
  readonly scalars?: Readonly<Record<string, number>>;
}

/** `SessionLog.SessionStatus.START`. */
const SESSION_START = 1;

/** The event as protocol buffers bytes: message `Event` of TensorFlow's event.proto. */
export function encodeEvent({ wallTime, step = 0, fileVersion, sessionStart, scalars }: TensorBoardEvent): Buffer {
  return Buffer.concat([
    double(1, wallTime),
    ...(step > 0 ? [varintField(2, step)] : []),
    ...(fileVersion === undefined ? [] : [bytesField(3, Buffer.from(fileVersion))]),
    ...(scalars === undefined ? [] : [bytesField(5, encodeSummary(scalars))]),
    ...(sessionStart ? [bytesField(7, varintField(1, SESSION_START))] : []),
  ]);
}

/** Message `Summary`: a `Value` with tag and `simple_value` per scalar. */
const encodeSummary = (scalars: Readonly<Record<string, number>>): Buffer =>
  Buffer.concat(
    Object.entries(scalars).map(([tag, value]) =>
      bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), float(2, value)])),
    ),
  );

/** A record: length (8 bytes), its checksum, the data, its checksum; all little-endian. */
export function encodeRecord(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  const checksum = (bytes: Uint8Array): Buffer => {
    const stored = Buffer.alloc(4);
    stored.writeUInt32LE(maskedCrc32c(bytes));
    return stored;
  };
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

/** Wire types of protocol buffers. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** A whole number ≥ 0, seven bits a byte. Division, because bit operations end at 32 bits. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

const key = (field: number, wireType: number): Buffer => varint(field * 8 + wireType);
const varintField = (field: number, value: number): Buffer => Buffer.concat([key(field, VARINT), varint(value)]);
const bytesField = (field: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([key(field, LENGTH_DELIMITED), varint(bytes.length), bytes]);

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, FIXED64), bytes]);
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, FIXED32), bytes]);
}
