import { type ProtobufWriter, protobufWriter } from '@edm2/protobuf';
import type { DType } from '@edm2/tfjs-jit/graph';

/** Graph format version, that of TensorFlow 2.15: every library from there on reads it. */
const PRODUCER = 1645;

/** Element types inside a TensorFlow graph. */
export type TensorType = DType | 'float64' | 'int64' | 'bfloat16' | 'float16' | 'resource';

const TYPE_CODE: Readonly<Record<TensorType, number>> = {
  float32: 1,
  float64: 2,
  int32: 3,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20,
};

/** An attribute of a node, by the kind that the op declares for it. */
export type Attribute =
  | { readonly type: TensorType }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly shape: readonly number[] }
  | { readonly tensor: { readonly dtype: TensorType; readonly shape: readonly number[]; readonly bytes: Uint8Array } };

export type NodeAttributes = Readonly<Record<string, Attribute>>;

/** One node of a graph; `inputs` are `name`, `name:1`, or `^name` for an order without data, these last. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attrs: NodeAttributes;
}

/** The nodes as a serialized GraphDef. */
export function encodeGraphDef(nodes: readonly GraphNode[]): Uint8Array {
  const writer = protobufWriter();
  for (const node of nodes) writer.message(1, (inner) => writeNode(inner, node));
  writer.message(4, (versions) => versions.int(1, PRODUCER));
  return writer.finish();
}

function writeNode(writer: ProtobufWriter, { name, op, inputs, attrs }: GraphNode): void {
  writer.text(1, name);
  writer.text(2, op);
  for (const input of inputs) writer.text(3, input);
  for (const [key, value] of Object.entries(attrs)) {
    writer.message(5, (entry) => {
      entry.text(1, key);
      entry.message(2, (attribute) => writeAttribute(attribute, value));
    });
  }
}

function writeAttribute(writer: ProtobufWriter, value: Attribute): void {
  if ('type' in value) writer.int(6, TYPE_CODE[value.type]);
  else if ('int' in value) writer.int(3, value.int);
  else if ('float' in value) writer.float(4, value.float);
  else if ('bool' in value) writer.int(5, value.bool ? 1 : 0);
  else if ('text' in value) writer.text(2, value.text);
  else if ('shape' in value) writer.message(7, (shape) => writeShape(shape, value.shape));
  else if ('tensor' in value) {
    const { dtype, shape, bytes } = value.tensor;
    writer.message(8, (tensor) => {
      tensor.int(1, TYPE_CODE[dtype]);
      tensor.message(2, (inner) => writeShape(inner, shape));
      tensor.bytes(4, bytes);
    });
  } else {
    writer.message(1, (list) => {
      for (const int of value.ints) list.int(3, int);
    });
  }
}

function writeShape(writer: ProtobufWriter, shape: readonly number[]): void {
  for (const extent of shape) writer.message(2, (dimension) => dimension.int(1, extent));
}
