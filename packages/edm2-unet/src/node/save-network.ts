import { known } from '@edm2/options';
import { fromFloat32, writeSafetensors } from '@edm2/tensor-files';
import { toFileLayout, toFileShape } from '@edm2/tensor-files/tfjs';
import type { ParameterSpec, Params } from '../network.js';
import type { UNet } from '../unet.js';

/** What {@link saveNetwork} writes. */
export interface SaveNetworkOptions {
  readonly unet: UNet;
  /** At least the network's own tensors; further names are left out of the file. */
  readonly params: Params;
  /** Standard deviation of the data that the network was trained on: what `precondition` needs to be used as trained. Default 0.5. */
  readonly sigmaData?: number;
  /** Text fields beside the network's: by custom sigmaRel, nimg and preset. `config`, `dtype`, `sigmaData` and `vocabulary` are taken. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Type of the stored values. F16 halves the file and rounds at 2⁻¹¹. Default F32. */
  readonly dtype?: 'F32' | 'F16';
  readonly signal?: AbortSignal | undefined;
}

/** Metadata fields that the file needs for itself. */
const RESERVED = ['config', 'dtype', 'sigmaData', 'vocabulary'];

/**
 * Writes a network to a safetensors file: weights under their state-dict names in PyTorch's layout, the configuration in the
 * metadata. The file appears under its name only when it is whole. One tensor at a time is in memory.
 *
 * @param path - final name, `….safetensors`; its directory must exist.
 * @throws {RangeError} when a tensor is missing or misshapen, or a metadata field is one of the file's own.
 * @throws {Error} of the file system, or the signal's reason; nothing is left behind.
 */
export async function saveNetwork(path: string, options: SaveNetworkOptions): Promise<void> {
  const names = { unet: true, params: true, sigmaData: true, metadata: true, dtype: true, signal: true } as const;
  const { unet, params, sigmaData = 0.5, metadata = {}, dtype = 'F32', signal } = known('saveNetwork', options, names);
  const taken = Object.keys(metadata).find((key) => RESERVED.includes(key));
  if (taken !== undefined)
    throw new RangeError(
      `saveNetwork: expected metadata fields other than ${RESERVED.join(', ')}, got ${taken}. Rename it.`,
    );
  if (!(sigmaData > 0 && Number.isFinite(sigmaData)))
    throw new RangeError(`saveNetwork: expected sigmaData > 0, got ${sigmaData}. EDM2 uses 0.5.`);
  for (const spec of unet.parameters) checkShape(spec, params);
  const tensors = unet.parameters.map(({ name, shape }) => ({
    name,
    dtype,
    shape: toFileShape(shape),
    data: async () => {
      const values = toFileLayout((await params[name]?.data<'float32'>()) ?? new Float32Array(), shape);
      return dtype === 'F32' ? values : fromFloat32(values, dtype);
    },
  }));
  const own = { config: JSON.stringify(unet.config), dtype, sigmaData: String(sigmaData) };
  const custom = unet.ownVocabulary ? { vocabulary: 'custom' } : {};
  await writeSafetensors(path, tensors, { ...own, ...custom, ...metadata }, { signal });
}

function checkShape({ name, shape }: ParameterSpec, params: Params): void {
  const actual = params[name]?.shape;
  if (actual?.join() !== shape.join())
    throw new RangeError(
      `saveNetwork: expected ${name} of shape [${shape}], got ${actual ? `[${actual}]` : 'nothing'}. Pass the parameters of this network.`,
    );
}
