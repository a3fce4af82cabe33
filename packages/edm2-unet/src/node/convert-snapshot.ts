import { known } from '@edm2/options';
import { type Dtype, type NamedTensorInput, type TensorData, toFloat32, writeSafetensors } from '@edm2/tensor-files';
import { openSnapshot, SNAPSHOT_LICENSE, SNAPSHOT_LICENSE_NOTICE } from './snapshot.js';

/** Values that are in memory at a time. */
const CHUNK_VALUES = 1 << 20;

/** What to convert. */
export interface ConvertSnapshotOptions {
  /** A `.pkl` network snapshot of NVIDIA's EDM2. */
  readonly input: string;
  /** The `.safetensors` file to write; its directory must exist. */
  readonly output: string;
  /** Type of the stored values. Default as in the snapshot: F16 in those that NVIDIA published. */
  readonly dtype?: 'F16' | 'F32' | undefined;
  /** Licence of the weights, an SPDX name. Default that of the networks NVIDIA published; give your own for networks that you trained. */
  readonly license?: string | undefined;
  readonly onProgress?: ((progress: { readonly bytesRead: number; readonly bytesTotal: number }) => void) | undefined;
  /** Stops; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/** What was written. */
export interface ConvertedSnapshot {
  /** Text fields of the file, `config` and `license` among them. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: number;
  /** Numbers in them. */
  readonly values: number;
  /** SPDX name of the weights' licence: show it to whoever asked for the conversion. */
  readonly license: string;
  /** What the licence asks, for NVIDIA's. */
  readonly licenseNotice: string | undefined;
}

/**
 * Converts a network snapshot of NVIDIA's EDM2 to safetensors that `loadNetwork` and phema read: the same names, layouts and, unless
 * `dtype` says otherwise, bits. A few megabytes of memory whatever the size; the file appears under its name only when it is whole.
 *
 * @throws {PickleParseError} (rejects) when the snapshot is damaged or asks for names that it does not need.
 * @throws {RangeError} (rejects) when it holds something else than a known network.
 * @throws {Error} (rejects) of the file system, or the signal's reason; nothing is left behind.
 */
export async function convertSnapshot(options: ConvertSnapshotOptions): Promise<ConvertedSnapshot> {
  const {
    input,
    output,
    dtype,
    license = SNAPSHOT_LICENSE,
    onProgress,
    signal,
  } = known('convertSnapshot', options, {
    input: true,
    output: true,
    dtype: true,
    license: true,
    onProgress: true,
    signal: true,
  });
  signal?.throwIfAborted();
  const file = await openSnapshot(input);
  try {
    const tensors = [...file.tensors];
    const bytesTotal = tensors.reduce((sum, [, tensor]) => sum + bytesOf(tensor), 0);
    let bytesRead = 0;
    const inputs = tensors.map(([name, tensor]): NamedTensorInput => {
      const type = dtype !== undefined && FLOATS.includes(tensor.dtype) ? dtype : tensor.dtype;
      return {
        name,
        dtype: type,
        shape: tensor.shape,
        data: async function* pieces() {
          for (let begin = 0; begin < tensor.size; begin += CHUNK_VALUES) {
            const values = await tensor.readRange(begin, Math.min(begin + CHUNK_VALUES, tensor.size));
            yield as(values, tensor.dtype, type);
            bytesRead += values.byteLength;
            onProgress?.({ bytesRead, bytesTotal });
          }
        },
      };
    });
    const licenseNotice = license === SNAPSHOT_LICENSE ? SNAPSHOT_LICENSE_NOTICE : undefined;
    const metadata = {
      ...file.metadata,
      ...(dtype === undefined ? {} : { dtype }),
      license,
      ...(licenseNotice === undefined ? {} : { licenseNotice }),
    };
    await writeSafetensors(output, inputs, metadata, { signal });
    const values = tensors.reduce((sum, [, { size }]) => sum + size, 0);
    return { metadata, tensors: tensors.length, values, license, licenseNotice };
  } finally {
    await file.close();
  }
}

const FLOATS: readonly Dtype[] = ['F16', 'BF16', 'F32', 'F64'];

const bytesOf = ({
  size,
  storage,
}: {
  readonly size: number;
  readonly storage: { length: number; byteLength: number };
}) => size * (storage.byteLength / storage.length);

/** Float32 values are rounded by the writer where it stores half. */
const as = (values: TensorData, from: Dtype, to: Dtype): TensorData => (from === to ? values : toFloat32(values, from));
