import { type ProtobufWriter, protobufWriter } from '@edm2/protobuf';
import { AttributeKind } from './native/attribute.js';

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

type Write = (writer: ProtobufWriter) => void;

const shapeOf =
  (shape: readonly number[]): Write =>
  (writer) => {
    for (const size of shape) writer.message(2, (dimension) => dimension.int(1, size));
  };

/** A constant as TensorProto, from its bits. */
const constant =
  (type: number, shape: readonly number[], bits: ArrayBuffer): Write =>
  (writer) => {
    writer.int(1, type);
    writer.message(2, shapeOf(shape));
    writer.bytes(4, new Uint8Array(bits));
  };

const attributeValue =
  ({ type, shape, float = 0, int, ints, count, text }: AttributeValue): Write =>
  (writer) => {
    if (type !== undefined) writer.int(6, type);
    else if (count !== undefined) writer.int(3, count);
    else if (text !== undefined) writer.text(2, text);
    else if (shape !== undefined) writer.message(7, shapeOf(shape));
    else if (ints !== undefined) writer.message(8, constant(3, [ints.length], Int32Array.from(ints).buffer));
    else if (int !== undefined) writer.message(8, constant(3, [], Int32Array.of(int).buffer));
    else writer.message(8, constant(1, [], Float32Array.of(float).buffer));
  };

/** Writes small graphs for tests: TensorFlow's GraphDef, serialized. */
export class GraphBuilder {
  private readonly graph = protobufWriter();

  node(name: string, op: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): this {
    this.graph.message(1, (node) => {
      node.text(1, name);
      node.text(2, op);
      for (const input of inputs) node.text(3, input);
      for (const [key, value] of Object.entries(attributes))
        node.message(5, (entry) => {
          entry.text(1, key);
          entry.message(2, attributeValue(value));
        });
    });
    return this;
  }

  placeholder(name: string, type: number, shape: readonly number[]): this {
    return this.node(name, 'Placeholder', [], { dtype: { type }, shape: { shape } });
  }

  encode(): Uint8Array {
    return this.graph.finish();
  }
}

export const attributeType = (name: string, value: number): { name: string; type: number; value: number } => ({
  name,
  type: AttributeKind.type,
  value,
});
