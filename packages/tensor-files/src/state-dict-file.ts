import { open } from 'node:fs/promises';
import { openPickle } from './pickle/open-pickle.js';
import { TORCH_GLOBALS } from './pickle/torch.js';
import { TorchTensor } from './pickle/torch-tensor.js';
import type { PickleValue } from './pickle/values.js';
import type { Dtype } from './safetensors/dtype.js';
import { type Float32Tensor, readSafetensors } from './safetensors/read.js';

/** Type and shape of a tensor of a {@link StateDictFile}. */
export interface StateDictEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Named tensors of an open file, whatever program wrote it. Close it when done. */
export interface StateDictFile {
  /** Path as it was given. */
  readonly path: string;
  readonly entries: ReadonlyMap<string, StateDictEntry>;
  /**
   * Reads one tensor as float32.
   *
   * @throws {RangeError} (rejects) when the file has no such tensor.
   * @throws {TypeError} (rejects) for integers and booleans.
   */
  readFloat32(name: string): Promise<Float32Tensor>;
  /**
   * Compares the file with the checksums that it carries.
   *
   * @returns false when it carries none.
   */
  verify(): Promise<boolean>;
  /** Closes the file; a second call does nothing. */
  close(): Promise<void>;
}

/** Options of {@link openStateDict}. */
export interface OpenStateDictOptions {
  /** Names that a pickle may use, `module.Name`. Default {@link TORCH_GLOBALS}: tensors, lists, dictionaries. */
  readonly allow?: Iterable<string>;
}

/** Under which training programs keep a network's tensors beside other things. */
const INSIDE = ['state_dict', 'model_state_dict', 'model'] as const;

/**
 * Opens a file of a network's tensors: safetensors, or what `torch.save` wrote of a state dict, old format or new (`.pt`, `.pth`, `.bin`,
 * `.ckpt`), by its first bytes, not its name. A state dict among other things is found under `state_dict`, `model_state_dict` or `model`.
 * Nothing in a pickle is executed.
 *
 * @throws {RangeError} (rejects) when a pickle holds no named tensors.
 * @throws {SafetensorsParseError | PickleParseError} (rejects) when the file is damaged, or a pickle asks for other names.
 * @throws {Error} (rejects) of the file system.
 */
export async function openStateDict(path: string, options: OpenStateDictOptions = {}): Promise<StateDictFile> {
  if (await isPickled(path)) return openTorch(path, options.allow ?? TORCH_GLOBALS);
  const file = await readSafetensors(path);
  return {
    path,
    entries: file.entries,
    readFloat32: file.readFloat32,
    verify: () => file.verify(),
    close: file.close,
  };
}

/** A zip, or a pickle of protocol 2 and up: safetensors begin with a length below 2^27, whose fourth byte is small. */
async function isPickled(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const head = Buffer.alloc(8);
    await handle.read(head, 0, head.length, 0);
    const isZip = head.readUInt32LE(0) === 0x04034b50;
    const isPickle = head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5 && head.readUInt32LE(4) !== 0;
    return isZip || isPickle;
  } finally {
    await handle.close();
  }
}

async function openTorch(path: string, allow: Iterable<string>): Promise<StateDictFile> {
  const file = await openPickle(path, { allow });
  const tensors = findTensors(file.value);
  if (!tensors) {
    await file.close();
    throw new RangeError(
      `openStateDict: expected a dictionary of tensors in ${path}, got something else. Save the network's state_dict().`,
    );
  }
  return {
    path,
    entries: tensors,
    async readFloat32(name) {
      const tensor = tensors.get(name);
      if (!tensor)
        throw new RangeError(`openStateDict: expected ${name} in ${path}, got no such tensor. Check the name.`);
      return { shape: [...tensor.shape], data: await tensor.readFloat32() };
    },
    verify: () => file.verify(),
    close: () => file.close(),
  };
}

function findTensors(value: PickleValue): ReadonlyMap<string, TorchTensor> | undefined {
  if (!(value instanceof Map)) return undefined;
  for (const candidate of [value, ...INSIDE.map((key) => value.get(key))]) {
    if (!(candidate instanceof Map)) continue;
    const tensors = new Map<string, TorchTensor>();
    for (const [name, tensor] of candidate)
      if (typeof name === 'string' && tensor instanceof TorchTensor) tensors.set(name, tensor);
    if (tensors.size > 0) return tensors;
  }
  return undefined;
}
