import type { FileKindName } from './identify/file-kind.js';
import { identifyFile } from './identify/identify-file.js';
import { openPickle } from './pickle/open-pickle.js';
import { TORCH_GLOBALS } from './pickle/torch.js';
import { TorchTensor } from './pickle/torch-tensor.js';
import { OpaqueTensor, type PickleValue } from './pickle/values.js';
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
  /** Tensors of kinds that are not read (sparse, quantized, …), by name: what they are. */
  readonly opaque: ReadonlyMap<string, string>;
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

/** Kinds that the reader of pickles reads, or refuses with more to say than that of safetensors. */
const PICKLED: readonly FileKindName[] = [
  ...(['pickle', 'torch-legacy', 'torch-zip', 'zip', 'damaged-zip', 'npz'] as const),
  ...(['torch-tar', 'torchscript', 'torch-export', 'torch-package', 'torch-folder', 'torch-repacked'] as const),
];

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
  const kind = (await identifyFile(path))?.kind;
  if (kind !== undefined && PICKLED.includes(kind)) return openTorch(path, options.allow ?? TORCH_GLOBALS);
  const file = await readSafetensors(path);
  return {
    path,
    entries: file.entries,
    opaque: new Map(),
    readFloat32: file.readFloat32,
    verify: () => file.verify(),
    close: file.close,
  };
}

async function openTorch(path: string, allow: Iterable<string>): Promise<StateDictFile> {
  const file = await openPickle(path, { allow });
  const found = findTensors(file.value);
  if (!found) {
    await file.close();
    throw new RangeError(
      `openStateDict: expected a dictionary of tensors in ${path}, got something else. Save the network's state_dict().`,
    );
  }
  const { tensors, opaque } = found;
  return {
    path,
    entries: tensors,
    opaque,
    async readFloat32(name) {
      const tensor = tensors.get(name);
      if (!tensor) {
        const kind = opaque.get(name);
        throw new RangeError(
          kind === undefined
            ? `openStateDict: expected ${name} in ${path}, got no such tensor. Check the name.`
            : `openStateDict: expected ${name} of plain numbers in ${path}, got ${kind}. Save it as plain numbers.`,
        );
      }
      return { shape: [...tensor.shape], data: await tensor.readFloat32() };
    },
    verify: () => file.verify(),
    close: () => file.close(),
  };
}

interface Found {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly opaque: ReadonlyMap<string, string>;
}

function findTensors(value: PickleValue): Found | undefined {
  if (!(value instanceof Map)) return undefined;
  for (const candidate of [value, ...INSIDE.map((key) => value.get(key))]) {
    if (!(candidate instanceof Map)) continue;
    const tensors = new Map<string, TorchTensor>();
    const opaque = new Map<string, string>();
    for (const [name, tensor] of candidate) {
      if (typeof name !== 'string') continue;
      if (tensor instanceof TorchTensor) tensors.set(name, tensor);
      if (tensor instanceof OpaqueTensor) opaque.set(name, tensor.kind);
    }
    if (tensors.size + opaque.size > 0) return { tensors, opaque };
  }
  return undefined;
}
