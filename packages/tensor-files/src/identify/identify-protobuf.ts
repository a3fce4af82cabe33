import { type FileKind, plainKind } from './file-kind.js';

interface Field {
  readonly number: number;
  readonly wire: number;
  /** The value of a number, the length of bytes. */
  readonly value: number;
  /** Where bytes begin. */
  readonly at: number;
}

/** Fields of a message that are looked at. */
const MAX_FIELDS = 4;

/**
 * Models of ONNX and TensorFlow have no mark; their first fields tell them.
 *
 * @returns undefined for what is no protocol buffer of theirs.
 */
export function identifyProtobuf(head: Uint8Array, size: number): FileKind | undefined {
  const fields = readFields(head, size);
  const [first, second] = fields ?? [];
  if (!fields || !first) return undefined;
  const isVersion = first.number === 1 && first.wire === 0;
  // saved_model_schema_version 1, then a meta graph with its information.
  if (
    isVersion &&
    first.value === 1 &&
    second?.number === 2 &&
    second.wire === 2 &&
    head[second.at] === 0x0a &&
    second.value > 64
  )
    return plainKind('tensorflow');
  // ir_version, then the producer's name, the graph, or the operator sets.
  if (isVersion && first.value >= 1 && first.value <= 100 && second?.wire === 2 && [2, 3, 7, 8].includes(second.number))
    return plainKind('onnx');
  // A frozen graph: nodes, each with a name and an operation.
  if (first.number === 1 && first.wire === 2 && head[first.at] === 0x0a) {
    const length = head[first.at + 1] ?? 0;
    const name = Buffer.from(head.subarray(first.at + 2, first.at + 2 + length)).toString('latin1');
    if (/^[\w./\\-]+$/.test(name) && head[first.at + 2 + length] === 0x12) return plainKind('tensorflow');
  }
  return undefined;
}

function readFields(head: Uint8Array, size: number): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = head[at++];
      if (byte === undefined) return undefined;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return undefined;
  };
  while (fields.length < MAX_FIELDS && at < head.length) {
    const tag = varint();
    if (tag === undefined || tag < 8) return undefined;
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire !== 0 && wire !== 2) return fields.length > 1 ? fields : undefined;
    const value = varint();
    if (value === undefined || (wire === 2 && at + value > size)) return fields.length > 1 ? fields : undefined;
    fields.push({ number, wire, value, at });
    if (wire === 2) at += value;
  }
  return fields;
}
