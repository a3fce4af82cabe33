import type { Api, Pointer } from './api.js';

/** Kinds of attributes, by TensorFlow's numbers (`TF_AttrType`). */
export const AttributeKind = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

/** An attribute of an operation, in the form that TensorFlow.js's Node kernels give it. */
export interface Attribute {
  readonly name: string;
  /** One of `AttributeKind`. */
  readonly type: number;
  readonly value: unknown;
}

type Setter = (api: Api, op: Pointer, name: string, value: unknown, status: Pointer) => void;

const SETTERS: Readonly<Record<number, Setter>> = {
  [AttributeKind.string]: (api, op, name, value) => {
    const bytes = new TextEncoder().encode(String(value));
    api.TFE_OpSetAttrString(op, name, bytes, bytes.length);
  },
  [AttributeKind.int]: (api, op, name, value) => {
    if (Array.isArray(value)) api.TFE_OpSetAttrIntList(op, name, BigInt64Array.from(value, BigInt), value.length);
    else api.TFE_OpSetAttrInt(op, name, value as number);
  },
  [AttributeKind.float]: (api, op, name, value) => {
    if (Array.isArray(value)) api.TFE_OpSetAttrFloatList(op, name, Float32Array.from(value), value.length);
    else api.TFE_OpSetAttrFloat(op, name, value as number);
  },
  [AttributeKind.bool]: (api, op, name, value) => {
    if (Array.isArray(value)) api.TFE_OpSetAttrBoolList(op, name, Uint8Array.from(value, Number), value.length);
    else api.TFE_OpSetAttrBool(op, name, value ? 1 : 0);
  },
  [AttributeKind.type]: (api, op, name, value) => api.TFE_OpSetAttrType(op, name, value as number),
  [AttributeKind.shape]: (api, op, name, value, status) => {
    const dims = BigInt64Array.from(value as number[], BigInt);
    api.TFE_OpSetAttrShape(op, name, dims, dims.length, status);
  },
};

/**
 * Sets an attribute of an operation that is being prepared.
 *
 * @throws {RangeError} for a kind outside `AttributeKind`.
 */
export function setAttribute(api: Api, op: Pointer, { name, type, value }: Attribute, status: Pointer): void {
  const set = SETTERS[type];
  if (set === undefined)
    throw new RangeError(
      `setAttribute: expected attribute ${name} to be of kind 0 to 5, got ${type}. It cannot be set from here.`,
    );
  set(api, op, name, value, status);
}
