import { type ProtobufWriter, protobufWriter } from '@edm2/protobuf';

/** How a module is compiled. */
export interface BuildOptions {
  /** Settings of XLA for this module alone, by the names of its flags without `xla_…`'s dashes. */
  readonly flags?: Readonly<Record<string, boolean | number>>;
  /** Ids of the devices that the module runs on, one partition each; default: the plugin's first. */
  readonly devices?: readonly number[] | undefined;
}

/** Serialized CompileOptionsProto: one replica, and a partition for each device. Without them a plugin ends the process. */
export function encodeCompileOptions({ flags = {}, devices }: BuildOptions = {}): Uint8Array {
  const options = protobufWriter();
  const partitions = devices?.length ?? 1;
  options.message(3, (build) => {
    build.int(4, 1);
    build.int(5, partitions);
    if (partitions > 1) build.int(6, 1);
    if (devices) build.message(9, (assignment) => writeAssignment(assignment, devices));
    // Shardy reads the annotations.
    if (partitions > 1) build.int(19, 1);
  });
  for (const [name, value] of Object.entries(flags))
    options.message(7, (entry: ProtobufWriter) => {
      entry.text(1, name);
      entry.message(2, (inner) => inner.int(typeof value === 'number' ? 3 : 2, Number(value)));
    });
  return options.finish();
}

/** DeviceAssignmentProto: of one replica, a device for each partition. */
function writeAssignment(assignment: ProtobufWriter, devices: readonly number[]): void {
  assignment.int(1, 1);
  assignment.int(2, devices.length);
  for (const id of devices) assignment.message(3, (partition) => partition.int(1, id));
}
