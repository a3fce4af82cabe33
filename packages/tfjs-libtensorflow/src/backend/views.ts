import type { DataId } from '@tensorflow/tfjs-core';
import { AttributeKind } from '../native/attribute.js';
import { DataType } from '../native/data-type.js';
import type { Binding } from './binding.js';

/** How a tensor sees data. */
interface View {
  /** Type of the data. */
  readonly from: number;
  /** Type of the tensor. */
  readonly type: number;
  /** Shape of the tensor. */
  readonly shape: readonly number[];
}

/**
 * Tensors over data of another type or shape: TensorFlow.js's cpu backend shares data between a tensor and its cast or
 * reshape, and data that moves here is of the first of them. Made when they are asked for, and kept as long as the data.
 */
export class Views {
  private readonly made = new Map<DataId, Map<string, number>>();
  private readonly binding: Binding;

  constructor(binding: Binding) {
    this.binding = binding;
  }

  /** @param id - the binding's number of the data. */
  of(dataId: DataId, id: number, view: View): number {
    const known = this.made.get(dataId) ?? new Map<string, number>();
    this.made.set(dataId, known);
    const key = `${view.type}[${view.shape}]`;
    const found = known.get(key) ?? this.make(id, view);
    known.set(key, found);
    return found;
  }

  private make(id: number, { from, type, shape }: View): number {
    const { binding } = this;
    const attribute = (name: string, value: number) => ({ name, type: AttributeKind.type, value });
    const only = (name: string, attributes: ReturnType<typeof attribute>[], inputs: readonly number[]): number => {
      const [made] = binding.executeOp(name, attributes, inputs, 1);
      if (made === undefined) throw new Error(`tensorflow: expected one tensor from ${name}, got none.`);
      return made.id;
    };
    const cast = only('Cast', [attribute('SrcT', from), attribute('DstT', type)], [id]);
    const extents = binding.createTensor([shape.length], DataType.int32, Int32Array.from(shape));
    try {
      return only('Reshape', [attribute('T', type), attribute('Tshape', DataType.int32)], [cast, extents]);
    } finally {
      binding.deleteTensor(cast);
      binding.deleteTensor(extents);
    }
  }

  /** The data is gone. */
  release(dataId: DataId): void {
    for (const id of this.made.get(dataId)?.values() ?? []) this.binding.deleteTensor(id);
    this.made.delete(dataId);
  }
}
