import { AttributeKind } from './native/attribute.js';
import { Message } from './native/protobuf.js';

type AttributeValue = { readonly type?: number; readonly shape?: readonly number[]; readonly float?: number };

const shapeOf = (shape: readonly number[]): Message =>
  shape.reduce((message, size) => message.nested(2, new Message().integer(1, size)), new Message());

/** A scalar float32 as TensorProto, from its bits. */
const scalar = (value: number): Message =>
  new Message()
    .integer(1, 1)
    .nested(2, shapeOf([]))
    .bytes(4, new Uint8Array(new Float32Array([value]).buffer));

const attributeValue = ({ type, shape, float }: AttributeValue): Message => {
  if (type !== undefined) return new Message().integer(6, type);
  if (shape !== undefined) return new Message().nested(7, shapeOf(shape));
  return new Message().nested(8, scalar(float ?? 0));
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
