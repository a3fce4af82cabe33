import { encodeCompileOptions } from './compile-options.js';
import { writeNamedValues } from './named-values.js';
import type { Plugin } from './plugin.js';
import { addressOf, type Pointer, Struct } from './struct.js';

/** A device that need not be there: XLA's `GpuTargetConfigProto`, as text. */
export type Target = string;

/**
 * Compiles a module for a device that need not be there.
 *
 * @returns the optimized program, a serialized `HloModuleProtoWithConfig`: names of ops and of library calls stand in it as text.
 * @throws {XlaError} with the compiler's words.
 */
export function compileAheadOfTime(plugin: Plugin, target: Target, module: string): string {
  const options = writeNamedValues({ target_config: target, topology: '1x1x1' });
  const [name, code, format] = ['target', module, 'mlir'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  const described = new Struct().span(16, name).pointer(32, options.bytes).size(40, options.count);
  const topology = plugin.call('TopologyDescription_Create', described).pointerAt(48);
  void options.kept.length;
  try {
    const program = new Struct().span(16, code).span(32, format);
    const args = new Struct().pointer(16, topology).pointer(24, program).span(32, encodeCompileOptions());
    const executable = plugin.call('Compile', args).pointerAt(56);
    try {
      return optimizedProgram(plugin, executable);
    } finally {
      plugin.free('Executable_Destroy', executable);
    }
  } finally {
    plugin.free('TopologyDescription_Destroy', topology);
  }
}

/** Asked for twice: how long it is, then what it is. */
function optimizedProgram(plugin: Plugin, executable: Pointer): string {
  const program = new Struct();
  const args = new Struct().pointer(16, executable).pointer(24, program);
  plugin.call('Executable_OptimizedProgram', args);
  const bytes = Buffer.alloc(program.sizeAt(24));
  program.bytes.writeBigUInt64LE(addressOf(bytes), 16);
  plugin.call('Executable_OptimizedProgram', args);
  return bytes.toString('latin1');
}
