import { extname } from 'node:path';
import { openPickle, readSafetensors, TORCH_GLOBALS, TorchTensor } from '@edm2/tensor-files';

/** Named tensors of a file. */
export interface WeightFile {
  /** Shapes by name, as the file has them. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** @throws {TypeError} (rejects) for integers. */
  readFloat32(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens a file of weights: `.safetensors`, or a state dict of `torch.save` (`.pth`, `.pt`, old and new format). Nothing in it is executed.
 *
 * @throws {RangeError} (rejects) when the ending is not read, or the file is no flat state dict.
 */
export async function openWeights(path: string): Promise<WeightFile> {
  const ending = extname(path).toLowerCase();
  if (ending === '.pth' || ending === '.pt') return openTorch(path);
  if (ending !== '.safetensors') {
    throw new RangeError(`openWeights: expected a .safetensors or .pth file, got ${path}. Rename or convert it.`);
  }
  const file = await readSafetensors(path);
  return {
    shapes: new Map([...file.entries].map(([name, { shape }]) => [name, shape])),
    readFloat32: async (name) => (await file.readFloat32(name)).data,
    close: () => file.close(),
  };
}

async function openTorch(path: string): Promise<WeightFile> {
  const file = await openPickle(path, { allow: TORCH_GLOBALS });
  const tensors = new Map<string, TorchTensor>();
  if (file.value instanceof Map) {
    for (const [name, value] of file.value) {
      if (typeof name === 'string' && value instanceof TorchTensor) tensors.set(name, value);
    }
  }
  if (!(file.value instanceof Map) || tensors.size !== file.value.size || tensors.size === 0) {
    await file.close();
    throw new RangeError(
      `openWeights: expected a dictionary of tensors in ${path}, got something else. Save the network's state_dict() alone.`,
    );
  }
  return {
    shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
    readFloat32: async (name) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new RangeError(`openWeights: expected ${name} in ${path}, got none. Check the name.`);
      return tensor.readFloat32();
    },
    close: () => file.close(),
  };
}
