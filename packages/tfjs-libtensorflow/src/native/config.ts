import { Message } from './protobuf.js';

/** What a TensorFlow context is set up with. */
export interface RuntimeConfig {
  /** Threads of one operation, and operations at once. */
  readonly threads: number;
  /** False keeps GPUs out of the context. */
  readonly gpu: boolean;
  /** `'grow'` takes GPU memory as it is needed; a number in (0, 1] sets that share aside at the start. */
  readonly memory: 'grow' | number;
  /** Which GPU the context sees, counted from 0: it is the only one there. */
  readonly index: number;
}

/**
 * The settings as TensorFlow's ConfigProto, serialized.
 *
 * @see tensorflow/core/protobuf/config.proto, whose field numbers stand below.
 */
export function encodeConfig({ threads, gpu, memory, index }: RuntimeConfig): Uint8Array {
  const config = new Message();
  if (!gpu) config.nested(1, new Message().nested(1, 'GPU').integer(2, 0)); // device_count
  config.integer(2, threads); // intra_op_parallelism_threads
  config.integer(5, threads); // inter_op_parallelism_threads
  const options = new Message(); // gpu_options
  if (memory === 'grow')
    options.integer(4, true); // allow_growth
  else options.double(1, memory); // per_process_gpu_memory_fraction
  if (gpu) options.nested(5, String(index)); // visible_device_list
  return config.nested(6, options).integer(7, true).encode(); // allow_soft_placement
}
