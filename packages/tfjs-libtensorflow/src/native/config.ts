import { protobufWriter } from '@edm2/protobuf';

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
  const config = protobufWriter();
  if (!gpu) {
    // device_count
    config.message(1, (count) => {
      count.text(1, 'GPU');
      count.int(2, 0);
    });
  }
  config.int(2, threads); // intra_op_parallelism_threads
  config.int(5, threads); // inter_op_parallelism_threads
  // gpu_options
  config.message(6, (options) => {
    if (memory === 'grow')
      options.int(4, 1); // allow_growth
    else options.double(1, memory); // per_process_gpu_memory_fraction
    if (gpu) options.text(5, String(index)); // visible_device_list
  });
  config.int(7, 1); // allow_soft_placement
  return config.finish();
}
