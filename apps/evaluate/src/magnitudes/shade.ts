/** The i-th of n shades of a colour: from a light one, mixed with white, to the colour itself. */
export function shade(colour: string, i: number, n: number): string {
  const white = n < 2 ? 0.6 : 0.6 * (1 - i / (n - 1));
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const mixed = channels.map((c) =>
    Math.round(c + (255 - c) * white)
      .toString(16)
      .padStart(2, '0'),
  );
  return `#${mixed.join('')}`;
}
