/** Bytes of instructions, for tests that need files which no tool would write. */
export const bytesOf = (...parts: (number | string | Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'number' ? [part] : typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : [...part],
    ),
  );

/** A short text. */
export const text = (value: string): number[] => [140, value.length, ...Buffer.from(value)];

/** `module.name` by the newer instruction. */
export const named = (module: string, name: string): number[] => [...text(module), ...text(name), 147];

/** A pickle of protocol 4. */
export const pickle = (...parts: Parameters<typeof bytesOf>): Uint8Array => bytesOf(128, 4, ...parts, '.');
