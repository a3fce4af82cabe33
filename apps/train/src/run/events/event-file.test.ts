import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { afterAll, expect, test } from 'vitest';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { encodeEvent, encodeRecord } from './encode-event.js';
import { createEventFile } from './event-file.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-events-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** TensorFlow's event.proto and summary.proto, as far as a run uses them. */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Value { string tag = 1; float simple_value = 2; }
  message Summary { repeated Value value = 1; }
  message SessionLog { enum Status { STATUS_UNSPECIFIED = 0; START = 1; STOP = 2; } Status status = 1; }
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what { string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
  }
`,
  { keepCase: true },
);
const Event = root.lookupType('Event');

/** The events of a file, read by a protocol buffers library; every checksum is compared. */
function readEvents(path: string): Record<string, unknown>[] {
  const bytes = readFileSync(path);
  const events: Record<string, unknown>[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(data));
    events.push(Event.toObject(Event.decode(data), { longs: Number, enums: String }));
    at += 16 + length;
  }
  return events;
}

test.each([
  // RFC 3720, B.4.
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 times 0xff', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 … 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['123456789', Buffer.from('123456789'), 0xe3069283],
])('CRC-32C of %s', (_, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});

test('a record is, byte for byte, what TensorFlow writes', () => {
  const event = encodeEvent({ wallTime: 1.5, fileVersion: 'brain.Event:2' });
  const text = Buffer.from('brain.Event:2').toString('hex');
  // Field 1, 64 bits: 1.5; field 3, 13 bytes.
  expect(event.toString('hex')).toBe(`09${'000000000000f83f'}1a0d${text}`);
  // 24 bytes, and the masked checksum of that length: how every event file of TensorFlow begins.
  expect(encodeRecord(event).subarray(0, 12).toString('hex')).toBe('1800000000000000a37f4b22');
  // Step 300: varint ac 02; summary of one value: tag "a", float 0.5.
  expect(encodeEvent({ wallTime: 0, step: 300, scalars: { a: 0.5 } }).toString('hex')).toBe(
    `09${'00'.repeat(8)}10ac02${'2a0a'}${'0a08'}${'0a0161'}${'150000003f'}`,
  );
});

test('a file holds its version, a restart where there is one, and scalars, in files of their own', async () => {
  const first = await createEventFile(scratch, 0, () => 1_700_000_000_500);
  await first.add(1000, { loss: 0.25, rate: 3 });
  // A run of two billion images.
  await first.add(2 ** 31 + 5, { loss: -1 });
  const second = await createEventFile(scratch, 1000, () => 1_700_000_000_500);
  await second.add(2000, { loss: 0.125 });
  expect(readdirSync(scratch).every((name) => /^events\.out\.tfevents\.1700000000\..+\.\d+\.[01]$/.test(name))).toBe(
    true,
  );
  expect(second.path > first.path).toBe(true);

  const wall_time = 1_700_000_000.5;
  const scalar = (step: number, ...value: object[]) => ({ wall_time, step, summary: { value } });
  expect(readEvents(first.path)).toEqual([
    { wall_time, file_version: 'brain.Event:2' },
    scalar(1000, { tag: 'loss', simple_value: 0.25 }, { tag: 'rate', simple_value: 3 }),
    scalar(2 ** 31 + 5, { tag: 'loss', simple_value: -1 }),
  ]);
  expect(readEvents(second.path)).toEqual([
    { wall_time, file_version: 'brain.Event:2' },
    { wall_time, step: 1001, session_log: { status: 'START' } },
    scalar(2000, { tag: 'loss', simple_value: 0.125 }),
  ]);
});
