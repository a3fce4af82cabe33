import {
  moduleState,
  OpaqueTensor,
  openPickle,
  type PickleFile,
  type PickleValue,
  pickledInstance,
  readSafetensors,
  SNAPSHOT_GLOBALS,
  TORCH_GLOBALS,
  TorchTensor,
  toFloat32,
} from '@edm2/tensor-files';
import { isFloat } from './float-type.js';
import type { StoredEntry, StoredFile, Wrapper } from './stored-file.js';

/** Files that can hold averages, by the end of their names. */
export const STORED_FILE = /\.(safetensors|pkl|pt)$/;

/**
 * Opens a file of averages: safetensors, a network snapshot of NVIDIA's EDM2 (`.pkl`), or a state dict that `torch.save` wrote (`.pt`).
 * Names and shapes are read; nothing in a pickle is executed.
 *
 * @param allow - further names that a pickle may use, `module.Name`; they stand for values that do nothing.
 * @throws {SafetensorsParseError | PickleParseError} (rejects) when it is damaged or asks for names that averages do not need.
 * @throws {RangeError} (rejects) when it is a pickle of something else.
 */
export async function openStored(path: string, allow: readonly string[] = []): Promise<StoredFile> {
  if (path.endsWith('.pkl')) return opened(path, [...SNAPSHOT_GLOBALS, ...allow], snapshotTensors);
  if (path.endsWith('.pt')) return opened(path, [...TORCH_GLOBALS, ...allow], stateDictTensors);
  const file = await readSafetensors(path);
  return {
    ...file,
    opaque: new Map(),
    placeOf: (name) => {
      const entry = file.entries.get(name);
      return entry && { fd: file.fd, position: entry.offset };
    },
  };
}

/** Named tensors of a pickle, and what to write beside them. */
interface Contents {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly opaque?: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly wrapper?: () => Promise<Wrapper>;
}

async function opened(
  path: string,
  allow: readonly string[],
  contents: (value: PickleValue) => Contents,
): Promise<StoredFile> {
  const file: PickleFile = await openPickle(path, { allow });
  try {
    const { tensors, metadata, wrapper, opaque = new Map() } = contents(file.value);
    const entries = new Map(
      [...tensors].map(([name, { dtype, shape, size, storage }]): [string, StoredEntry] => [
        name,
        { dtype, shape, byteLength: size * (storage.length === 0 ? 0 : storage.byteLength / storage.length) },
      ]),
    );
    const readRange: StoredFile['readRange'] = (name, begin, end) => {
      const tensor = tensors.get(name);
      if (tensor) return tensor.readRange(begin, end);
      throw new RangeError(`readRange: expected a tensor of ${path}, got ${name}. Its names are in .entries.`);
    };
    const readInto: StoredFile['readInto'] = async (name, begin, end, target) => {
      const values = await readRange(name, begin, end);
      target.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    };
    return {
      path,
      metadata,
      entries,
      opaque,
      placeOf: () => undefined,
      readInto,
      readRange,
      verify: file.verify,
      ...(wrapper ? { wrapper } : {}),
      close: file.close,
    };
  } catch (error) {
    await file.close();
    throw error instanceof RangeError ? new RangeError(`${path}: ${error.message}`, { cause: error }) : error;
  }
}

/**
 * Options of a network by their names in the published tool and in ours. They stand here because phema knows files and no networks; without
 * them a reconstructed file could not be loaded as a network.
 */
const CONFIG: readonly (readonly [string, string])[] = [
  ['img_resolution', 'imgResolution'],
  ['img_channels', 'imgChannels'],
  ['label_dim', 'labelDim'],
  ['model_channels', 'modelChannels'],
  ['channel_mult', 'channelMult'],
  ['num_blocks', 'numBlocks'],
  ['attn_resolutions', 'attnResolutions'],
  ['channels_per_head', 'channelsPerHead'],
  ['dropout', 'dropout'],
];

/** Said of every converted snapshot unless a licence is named: the file does not say whose weights it holds, and the published ones are NVIDIA's. */
const LICENSE_NOTICE =
  'Made from a snapshot of NVIDIA’s EDM2. Networks that NVIDIA published are licensed CC BY-NC-SA 4.0, and so is everything made from them.';

function snapshotTensors(value: PickleValue): Contents {
  const module = value instanceof Map ? value.get('ema') : undefined;
  const tensors = moduleState(module);
  const keywords = pickledInstance(module)?.state.get('_init_kwargs');
  const config = CONFIG.flatMap(([theirs, ours]) => {
    const option = keywords instanceof Map ? keywords.get(theirs) : undefined;
    return option === undefined ? [] : [[ours, option]];
  });
  return {
    tensors,
    metadata: {
      ...(config.length === 0 ? {} : { config: JSON.stringify({ config: 'G', ...Object.fromEntries(config) }) }),
      licenseNotice: LICENSE_NOTICE,
    },
  };
}

/** Where ema-pytorch keeps the average in the state of its wrapper. */
const EMA_MODEL = 'ema_model.';

function stateDictTensors(value: PickleValue): Contents {
  if (!(value instanceof Map))
    throw new RangeError('openSnapshots: expected a state dict, got another value. Save model.state_dict().');
  const named = [...value].filter((entry): entry is [string, TorchTensor | OpaqueTensor] => {
    const [name, tensor] = entry;
    return typeof name === 'string' && (tensor instanceof TorchTensor || tensor instanceof OpaqueTensor);
  });
  const inside = named.filter(([name]) => name.startsWith(EMA_MODEL));
  const stored = inside.length > 0 ? inside.map(([name, t]) => [name.slice(EMA_MODEL.length), t] as const) : named;
  const tensors = new Map(stored.flatMap(([name, t]) => (t instanceof TorchTensor ? [[name, t]] : [])));
  const opaque = new Map(stored.flatMap(([name, t]) => (t instanceof OpaqueTensor ? [[name, t.kind]] : [])));
  if (tensors.size === 0)
    throw new RangeError(
      'openSnapshots: expected a state dict of tensors, got one without tensors. Save model.state_dict().',
    );
  const beside = new Map(named.filter(([name]) => !name.startsWith(EMA_MODEL)));
  const wrapper = async (): Promise<Wrapper> => ({
    step: await scalarOf(beside.get('step')),
    initted: await scalarOf(beside.get('initted')),
  });
  return { tensors, opaque, metadata: {}, ...(inside.length > 0 ? { wrapper } : {}) };
}

/** Where programs keep a model's state dict in a checkpoint of more. */
const MODEL_KEYS = ['model', 'state_dict', 'model_state_dict', 'net', 'network', 'module'];

/** What wrappers put before every name. */
const WRAPPED = /^(?:module\.|_orig_mod\.)+/;

/**
 * Opens a checkpoint of a model itself: safetensors, or what `torch.save` wrote of its state dict, alone or under `model`, `state_dict` and
 * their like.
 *
 * @throws as {@link openStored}.
 */
export async function openModel(path: string, allow: readonly string[] = []): Promise<StoredFile> {
  if (/\.(safetensors|pkl)$/.test(path)) return openStored(path, allow);
  return opened(path, [...TORCH_GLOBALS, ...allow], (value) => {
    const inner =
      value instanceof Map ? MODEL_KEYS.map((key) => value.get(key)).find((each) => each instanceof Map) : undefined;
    const { tensors, wrapper } = stateDictTensors(inner ?? value);
    if (wrapper)
      throw new RangeError(
        'reconstructFiles: expected a checkpoint of the model itself, got one of ema-pytorch, which has no integers. Save model.state_dict().',
      );
    return {
      tensors: new Map([...tensors].map(([name, tensor]) => [name.replace(WRAPPED, ''), tensor])),
      metadata: {},
    };
  });
}

async function scalarOf(tensor: TorchTensor | OpaqueTensor | undefined): Promise<number | undefined> {
  if (!(tensor instanceof TorchTensor) || tensor.size !== 1) return undefined;
  const data = await tensor.readRange(0, 1);
  const [value] = isFloat(tensor.dtype) && !(data instanceof Float64Array) ? toFloat32(data, tensor.dtype) : data;
  return value === undefined ? undefined : Number(value);
}
