/** Factors of the suffixes that NVIDIA's tools read: binary `Ki Mi Gi`, decimal `k M G`; `K` is taken for `k`. */
const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/**
 * Whole number from text such as `96Ki`, `2048Mi`, `1.5M`, `3000`.
 *
 * @returns whole number ≥ 0.
 * @throws {RangeError} when the text is no such number.
 */
export function parseCount(name: string, text: string): number {
  // A share of an image makes no sense, one of a million does.
  const match = /^(?:(\d+)|(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|K|M|G))$/.exec(text.trim());
  const value = Math.round(Number(match?.[1] ?? match?.[2]) * (FACTORS[match?.[3] ?? ''] ?? Number.NaN));
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${name}: expected a whole number such as 3000, 96Ki or 2048Mi, got ${text}. Correct it.`);
  return value;
}

/** The shortest text that {@link parseCount} reads back as `count`. */
export function formatCount(count: number): string {
  for (const suffix of ['Gi', 'Mi', 'Ki'] as const) {
    const factor = FACTORS[suffix] ?? 1;
    if (count > 0 && count % factor === 0) return `${count / factor}${suffix}`;
  }
  return String(count);
}
