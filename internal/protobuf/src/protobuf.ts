/** Writes protocol-buffer messages: the few wire types that ONNX's and TensorFlow's files and settings need. */
export interface ProtobufWriter {
  /** A varint field; negative numbers as 64-bit two's complement. */
  int(field: number, value: number | bigint): void;
  float(field: number, value: number): void;
  double(field: number, value: number): void;
  bytes(field: number, value: Uint8Array): void;
  text(field: number, value: string): void;
  message(field: number, write: (inner: ProtobufWriter) => void): void;
  finish(): Uint8Array;
}

const utf8 = new TextEncoder();

/** An empty writer. Long byte fields are kept by reference until `finish`. */
export function protobufWriter(): ProtobufWriter {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const push = (chunk: Uint8Array): void => {
    chunks.push(chunk);
    length += chunk.length;
  };
  const varint = (value: number | bigint): void => {
    let rest = BigInt.asUintN(64, BigInt(value));
    const digits: number[] = [];
    while (rest > 127n) {
      digits.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    push(Uint8Array.from([...digits, Number(rest)]));
  };
  const writer: ProtobufWriter = {
    int(field, value) {
      varint(field << 3);
      varint(value);
    },
    float(field, value) {
      varint((field << 3) | 5);
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setFloat32(0, value, true);
      push(bytes);
    },
    double(field, value) {
      varint((field << 3) | 1);
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, value, true);
      push(bytes);
    },
    bytes(field, value) {
      varint((field << 3) | 2);
      varint(value.length);
      push(value);
    },
    text: (field, value) => writer.bytes(field, utf8.encode(value)),
    message(field, write) {
      const inner = protobufWriter();
      write(inner);
      writer.bytes(field, inner.finish());
    },
    finish() {
      const all = new Uint8Array(length);
      let at = 0;
      for (const chunk of chunks) {
        all.set(chunk, at);
        at += chunk.length;
      }
      return all;
    },
  };
  return writer;
}
