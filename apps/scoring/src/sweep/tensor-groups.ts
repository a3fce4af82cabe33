import { UsageError } from '@edm2/command/errors';
import { suggest } from '@edm2/command/nearest';
import { namesFitting } from '@edm2/phema/node';

/** Tensors whose EMA length is varied together. */
export interface TensorGroup {
  /** Patterns of their names as they were given. */
  readonly pattern: string;
  readonly names: readonly string[];
  /** Share of the network's numbers in them. */
  readonly share: number;
}

/** Names that an error shows. */
const SHOWN = 4;

/** `a*,b` as `a*` and `b`. */
export const patternsOf = (text: string): string[] => text.split(',').map((part) => part.trim());

/**
 * @param patterns - of tensor names, each for a group of its own; a comma joins several to one group.
 * @param tensors - numbers in each tensor of the network.
 * @throws {UsageError} when a pattern fits no tensor.
 */
export function tensorGroups(patterns: readonly string[], tensors: ReadonlyMap<string, number>): TensorGroup[] {
  const all = [...tensors.keys()];
  const numbers = (names: readonly string[]): number => names.reduce((sum, name) => sum + (tensors.get(name) ?? 0), 0);
  const asked = new Set(patterns.map((pattern) => patternsOf(pattern).join(',')));
  return [...asked].map((pattern) => {
    const fitting = new Set(
      patternsOf(pattern).flatMap((part) => {
        const names = namesFitting(part, all);
        if (names.length === 0)
          throw new UsageError(
            `--per-tensor: expected a pattern of tensor names such as ${someOf(all).join(', ')}, got ${part || 'nothing'}, which fits none of ${all.length}. Use * for any part of a name.${suggest(part, all)}`,
          );
        return names;
      }),
    );
    const names = all.filter((name) => fitting.has(name));
    return { pattern, names, share: numbers(names) / numbers(all) };
  });
}

/** A few, spread over all. */
const someOf = (names: readonly string[]): string[] =>
  names.length <= SHOWN
    ? [...names]
    : Array.from({ length: SHOWN }, (_, i) => names[Math.floor(((i + 0.5) * names.length) / SHOWN)] ?? '');
