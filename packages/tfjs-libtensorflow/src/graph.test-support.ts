import { AttributeKind } from './native/attribute.js';
import { Message } from './native/protobuf.js';

/** An attribute: a type, a shape, a count, text, or a constant of float32 or int32. */
type AttributeValue = {
  readonly type?: number;
  readonly shape?: readonly number[];
  readonly float?: number;
  readonly int?: number;
  readonly count?: number;
  readonly text?: string;
  readonly ints?: readonly number[];
};

const shapeOf = (shape: readonly number[]): Message =>
  shape.reduce((message, size) => message.nested(2, new Message().integer(1, size)), new Message());

/** A constant as TensorProto, from its bits. */
const constant = (type: number, shape: readonly number[], bits: ArrayBuffer): Message =>
  new Message().integer(1, type).nested(2, shapeOf(shape)).bytes(4, new Uint8Array(bits));

const attributeValue = ({ type, shape, float = 0, int, ints, count, text }: AttributeValue): Message => {
  if (type !== undefined) return new Message().integer(6, type);
  if (count !== undefined) return new Message().integer(3, count);
  if (text !== undefined) return new Message().nested(2, text);
  if (shape !== undefined) return new Message().nested(7, shapeOf(shape));
  if (ints !== undefined) return new Message().nested(8, constant(3, [ints.length], Int32Array.from(ints).buffer));
  if (int !== undefined) return new Message().nested(8, constant(3, [], Int32Array.of(int).buffer));
  return new Message().nested(8, constant(1, [], Float32Array.of(float).buffer));
};

/** Writes small graphs for tests: TensorFlow's GraphDef, serialized. */
export class GraphBuilder {
  private readonly graph = new Message();

  node(name: string, op: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): this {
    const node = new Message().nested(1, name).nested(2, op);
    for (const input of inputs) node.nested(3, input);
    for (const [key, value] of Object.entries(attributes))
      node.nested(5, new Message().nested(1, key).nested(2, attributeValue(value)));
    this.graph.nested(1, node);
    return this;
  }

  placeholder(name: string, type: number, shape: readonly number[]): this {
    return this.node(name, 'Placeholder', [], { dtype: { type }, shape: { shape } });
  }

  encode(): Uint8Array {
    return this.graph.encode();
  }
}

export const attributeType = (name: string, value: number): { name: string; type: number; value: number } => ({
  name,
  type: AttributeKind.type,
  value,
});
