import { type ProtobufWriter, protobufWriter } from '@edm2/protobuf';

/** Operator set that every model asks for; old enough for any current runtime. */
const OPSET = 17;
/** ONNX file format version that belongs to opset 17. */
const IR_VERSION = 8;
/** Domain of ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft';

/** An attribute: integer, integers, text, or a float written as `{ float }`. */
export type OnnxAttribute = number | readonly number[] | string | { readonly float: number };

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attrs: Readonly<Record<string, OnnxAttribute>>;
  readonly domain: string;
  /** Shown by profilers: the number of the traced node and its op. */
  readonly name: string;
}

export type OnnxType = 'float32' | 'int32' | 'int64' | 'bool';

export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: OnnxType;
  readonly bytes: Uint8Array;
}

/** A named input or output. */
export interface OnnxPort {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: OnnxType;
}

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}

const TYPE_CODE: Readonly<Record<OnnxType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** Bytes that belong to a model and lie beside it: ONNX's external data, one such "file" per tensor. */
export interface ExternalData {
  /** What the model calls them. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** A model in two parts. */
export interface OnnxModelParts {
  readonly model: Uint8Array;
  readonly externalData: readonly ExternalData[];
}

/** Constants from this many bytes on lie beside the model: to copy less than that costs nothing. */
const MIN_EXTERNAL_BYTES = 1 << 16;
/** Protocol buffers end here: their readers count in 32 bits with a sign. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * The model as the bytes of an `.onnx` file.
 *
 * @throws {RangeError} when its constants alone pass the 2 GiB at which protocol buffers end.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const bytes = model.initializers.reduce((sum, initializer) => sum + initializer.bytes.byteLength, 0);
  if (bytes > MAX_FILE_BYTES) {
    throw new RangeError(
      `toOnnx: expected constants of at most ${MAX_FILE_BYTES} bytes, where ONNX files end, got ${bytes}. ` +
        'Pass the largest tensors as arguments instead of closing over them.',
    );
  }
  return encode(model, new Set());
}

/**
 * The model with its large constants beside it: they are not copied, and no limit of files applies. Not as inputs, which ONNX Runtime would
 * neither fold nor prepack. With a constant of 256 MiB peak memory is 862 MB instead of 1,374, the first call 1.4 s instead of 1.8.
 */
export function encodeModelParts(model: OnnxModel): OnnxModelParts {
  const external = model.initializers.filter(({ bytes }) => bytes.byteLength >= MIN_EXTERNAL_BYTES);
  return {
    model: encode(model, new Set(external)),
    externalData: external.map(({ name, bytes }) => ({ path: name, data: bytes })),
  };
}

function encode(model: OnnxModel, external: ReadonlySet<Initializer>): Uint8Array {
  const writer = protobufWriter();
  writer.int(1, IR_VERSION);
  // Its name as the producer of files, from before this package was one.
  writer.text(2, '@edm2/tfjs-jit');
  writer.message(7, (graph) => writeGraph(graph, model, external));
  const domains = new Set(['', ...model.nodes.map((node) => node.domain)]);
  for (const domain of domains) {
    writer.message(8, (opset) => {
      opset.text(1, domain);
      opset.int(2, domain === '' ? OPSET : 1);
    });
  }
  return writer.finish();
}

function writeGraph(graph: ProtobufWriter, model: OnnxModel, external: ReadonlySet<Initializer>): void {
  for (const node of model.nodes) graph.message(1, (inner) => writeNode(inner, node));
  graph.text(2, 'jit');
  for (const initializer of model.initializers) {
    graph.message(5, (tensor) => {
      for (const extent of initializer.shape) tensor.int(1, extent);
      tensor.int(2, TYPE_CODE[initializer.type]);
      tensor.text(8, initializer.name);
      if (external.has(initializer)) writeLocation(tensor, initializer);
      else tensor.bytes(9, initializer.bytes);
    });
  }
  for (const port of model.inputs) graph.message(11, (inner) => writePort(inner, port));
  for (const port of model.outputs) graph.message(12, (inner) => writePort(inner, port));
}

/** Where the bytes of a tensor lie: the whole of a file of its own. */
function writeLocation(tensor: ProtobufWriter, { name, bytes }: Initializer): void {
  for (const [key, value] of [
    ['location', name],
    ['offset', '0'],
    ['length', String(bytes.byteLength)],
  ] as const) {
    tensor.message(13, (entry) => {
      entry.text(1, key);
      entry.text(2, value);
    });
  }
  tensor.int(14, 1);
}

function writeNode(writer: ProtobufWriter, node: OnnxNode): void {
  for (const input of node.inputs) writer.text(1, input);
  for (const output of node.outputs) writer.text(2, output);
  writer.text(3, node.name);
  writer.text(4, node.type);
  for (const [name, value] of Object.entries(node.attrs)) {
    writer.message(5, (attribute) => {
      attribute.text(1, name);
      writeAttribute(attribute, value);
    });
  }
  if (node.domain !== '') writer.text(7, node.domain);
}

/** Attribute kinds of the format: FLOAT = 1, INT = 2, STRING = 3, INTS = 7. */
function writeAttribute(writer: ProtobufWriter, value: OnnxAttribute): void {
  if (typeof value === 'number') {
    writer.int(3, value);
    writer.int(20, 2);
  } else if (typeof value === 'string') {
    writer.text(4, value);
    writer.int(20, 3);
  } else if ('float' in value) {
    writer.float(2, value.float);
    writer.int(20, 1);
  } else {
    for (const item of value) writer.int(8, item);
    writer.int(20, 7);
  }
}

function writePort(writer: ProtobufWriter, port: OnnxPort): void {
  writer.text(1, port.name);
  writer.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.int(1, TYPE_CODE[port.type]);
      tensor.message(2, (shape) => {
        for (const extent of port.shape) shape.message(1, (dimension) => dimension.int(1, extent));
      });
    }),
  );
}
