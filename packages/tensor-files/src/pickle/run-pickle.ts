import type { ByteSource } from './byte-source.js';
import { INSTRUCTIONS } from './instructions.js';
import { Machine, type MachineOptions } from './machine.js';
import { nameTensors } from './name-tensors.js';
import type { PickleValue } from './values.js';

/**
 * Reads one pickle by running its instructions on a stack, as Python does, but with no instruction that calls anything: a call of an
 * allowed name makes the value that the name stands for here, or keeps its parts. Each instruction does work in proportion to its
 * bytes, so that reading ends.
 *
 * @returns the value, and where the next byte after it is.
 * @throws {PickleParseError} at anything else.
 */
export function runPickle(source: ByteSource, options: MachineOptions): { value: PickleValue; end: number } {
  const machine = new Machine(source, options);
  const cursor = machine.cursor;
  for (;;) {
    cursor.at = cursor.position;
    cursor.field = 'opcode';
    const code = cursor.u8();
    const instruction = INSTRUCTIONS[code];
    if (!instruction)
      return cursor.fail(
        'opcode',
        `expected an instruction of protocols 0 to 5, got byte ${code}. It is damaged, or no pickle.`,
      );
    const [name, step] = instruction;
    cursor.field = name;
    if (!step) {
      const value = machine.result();
      nameTensors(value, options.tensorFile ?? options.file);
      return { value, end: cursor.position };
    }
    step(machine);
  }
}
