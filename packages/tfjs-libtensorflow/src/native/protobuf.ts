/** Fields of a protocol buffer message, in wire format: the little that settings and attributes need. */
export class Message {
  private readonly content: number[] = [];

  /** Whole number ≥ 0, or true or false. */
  integer(field: number, value: number | boolean): this {
    this.varint(field << 3);
    return this.varint(Number(value));
  }

  double(field: number, value: number): this {
    this.varint((field << 3) | 1);
    this.content.push(...new Uint8Array(new Float64Array([value]).buffer));
    return this;
  }

  /** Text, or a message inside. */
  nested(field: number, value: string | Message): this {
    return this.bytes(field, typeof value === 'string' ? new TextEncoder().encode(value) : value.content);
  }

  bytes(field: number, value: ArrayLike<number>): this {
    this.varint((field << 3) | 2);
    this.varint(value.length);
    for (let i = 0; i < value.length; i++) this.content.push(value[i] ?? 0);
    return this;
  }

  encode(): Uint8Array {
    return Uint8Array.from(this.content);
  }

  private varint(value: number): this {
    let rest = value;
    while (rest > 127) {
      this.content.push((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.content.push(rest);
    return this;
  }
}
