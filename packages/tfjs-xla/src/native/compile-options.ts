import { type ProtobufWriter, protobufWriter } from '@edm2/protobuf';

/** How a module is compiled. */
export interface BuildOptions {
  /** Settings of XLA for this module alone, by the names of its flags without `xla_…`'s dashes. */
  readonly flags?: Readonly<Record<string, boolean | number>>;
}

/** Serialized CompileOptionsProto: one replica, one partition. Without them a plugin ends the process. */
export function encodeCompileOptions({ flags = {} }: BuildOptions = {}): Uint8Array {
  const options = protobufWriter();
  options.message(3, (build) => {
    build.int(4, 1);
    build.int(5, 1);
  });
  for (const [name, value] of Object.entries(flags))
    options.message(7, (entry: ProtobufWriter) => {
      entry.text(1, name);
      entry.message(2, (inner) => inner.int(typeof value === 'number' ? 3 : 2, Number(value)));
    });
  return options.finish();
}
