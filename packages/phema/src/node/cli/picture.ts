import type { Synthesis } from '../../synthesis.js';

/** Size of the picture and of the space around the curve, in pixels. */
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 400, 70, 20, 30, 50];
/** Lengths and shares that the axes span, and their marks. */
const LENGTHS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.28];
const SHARES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1];
const POINTS = 160;

/** Where a value is between the ends of a logarithmic axis, 0 to 1. */
const along = (axis: readonly number[], value: number): number => {
  const [from, to] = [Math.log(axis[0] as number), Math.log(axis.at(-1) as number)];
  return (Math.log(Math.min(Math.max(value, axis[0] as number), axis.at(-1) as number)) - from) / (to - from);
};
const x = (length: number): number => LEFT + along(LENGTHS, length) * (WIDTH - LEFT - RIGHT);
const y = (share: number): number => HEIGHT - BOTTOM - along(SHARES, share) * (HEIGHT - TOP - BOTTOM);

/**
 * Errors to expect over all lengths, as an SVG: of the profile and of storage, with the tracked lengths marked.
 *
 * @param synthesise - quality of one length.
 * @param tracked - lengths that were stored.
 */
export function errorPicture(
  synthesise: (sigmaRel: number) => Pick<Synthesis, 'profileError'> & { readonly storageError: number },
  tracked: readonly number[],
): string {
  const [first, last] = [LENGTHS[0] as number, LENGTHS.at(-1) as number];
  const points = Array.from({ length: POINTS + 1 }, (_, i) => first * (last / first) ** (i / POINTS)).map((length) => ({
    length,
    ...synthesise(length),
  }));
  const curve = (value: (point: (typeof points)[number]) => number): string =>
    points
      .map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point.length).toFixed(1)} ${y(value(point)).toFixed(1)}`)
      .join('');
  const line = (x1: number, y1: number, x2: number, y2: number, style: string): string =>
    `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" ${style}/>`;
  const label = (at: number, from: number, words: string, anchor: string): string =>
    `<text x="${at.toFixed(1)}" y="${from.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
  const grid = 'stroke="#ddd"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...LENGTHS.flatMap((length) => [
      line(x(length), TOP, x(length), HEIGHT - BOTTOM, grid),
      label(x(length), HEIGHT - BOTTOM + 16, String(length), 'middle'),
    ]),
    ...SHARES.flatMap((share) => [
      line(LEFT, y(share), WIDTH - RIGHT, y(share), grid),
      label(LEFT - 6, y(share) + 4, `${Number((100 * share).toPrecision(1))} %`, 'end'),
    ]),
    ...tracked.map((length) =>
      line(x(length), TOP, x(length), HEIGHT - BOTTOM, 'stroke="#888" stroke-dasharray="4 3"'),
    ),
    `<path d="${curve(({ profileError }) => profileError)}" fill="none" stroke="#06c" stroke-width="2"/>`,
    `<path d="${curve(({ storageError }) => storageError)}" fill="none" stroke="#c60" stroke-width="2"/>`,
    label(WIDTH / 2, HEIGHT - 12, 'length (sigmaRel); dashed: tracked', 'middle'),
    `<text x="${LEFT}" y="18"><tspan fill="#06c">profile error</tspan> <tspan fill="#c60">storage error</tspan></text>`,
    '</svg>',
  ].join('\n');
}
