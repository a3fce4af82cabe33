import { openJsonLines } from '@edm2/app-kit/files/json-lines';
import type { FigureKey } from '../scores/figure-kinds.js';
import type { Measurement } from '../scores/measure.js';
import { distinct, keyOf, type SweepPoint } from './point.js';

/** What one draw of a point scored. */
export interface StoredScore {
  /** Images. */
  readonly n: number;
  readonly values: Readonly<Partial<Record<FigureKey, number>>>;
}

/** Where scores are kept as they are found, so that none is looked for twice. */
export interface ScoreStore {
  /** The score of a draw, if it was found before. */
  get(point: SweepPoint, draw: number): StoredScore | undefined;
  add(point: SweepPoint, draw: number, score: Measurement, seconds: number): Promise<StoredScore>;
  /** Points with a draw. */
  points(): SweepPoint[];
}

/** One line of a sweep's file. */
interface StoredLine extends StoredScore {
  /** Tells what else decided the score: networks, sampler, reference, number of images. */
  readonly settings: string;
  readonly point: SweepPoint;
  readonly draw: number;
  readonly seconds: number;
}

/** Scores of a sweep on disk, one line each, added as they are found: an interrupted sweep loses the draw under way. */
export interface SweepStore extends ScoreStore {
  readonly size: number;
}

/**
 * Opens or begins a store.
 *
 * @param path - a file of JSON lines. A last line that is cut off is passed over: the process ended while writing it.
 * @param settings - scores of other settings in the same file stay there, and are not used.
 * @throws {Error} when a line but the last cannot be read.
 */
export async function openStore(path: string, settings: string): Promise<SweepStore> {
  const lines = await openJsonLines<StoredLine>(path, { ...INFINITY, expected: 'a score', fn: 'sweep' });
  const key = (point: SweepPoint, draw: number) => `${keyOf(point)}#${draw}`;
  const scores = new Map(
    lines.values
      .filter((line) => line.settings === settings)
      .map((line) => [key(line.point, line.draw), line] as const),
  );
  return {
    get: (point, draw) => scores.get(key(point, draw)),
    async add(point, draw, { n, figures }, seconds) {
      const stored: StoredLine = { settings, point, draw, n, values: valuesOf(figures), seconds };
      await lines.add(stored);
      scores.set(key(point, draw), stored);
      return stored;
    },
    points: () => distinct([...scores.values()].map(({ point }) => point)),
    get size() {
      return scores.size;
    },
  };
}

/** JSON has no infinity, which an interval may reach to. */
export const infinityAsText = (_: string, value: unknown): unknown =>
  value === Number.POSITIVE_INFINITY ? 'inf' : value;

const INFINITY = {
  replacer: infinityAsText,
  reviver: (_: string, value: unknown) => (value === 'inf' ? Number.POSITIVE_INFINITY : value),
};

/** Figures without what their deviations are over. */
const valuesOf = (figures: Measurement['figures']): StoredScore['values'] =>
  Object.fromEntries(Object.entries(figures).map(([key, { value }]) => [key, value]));

/** Scores that last as long as the program. */
export function memoryStore(): ScoreStore {
  const scores = new Map<string, StoredScore & { readonly point: SweepPoint }>();
  const key = (point: SweepPoint, draw: number) => `${keyOf(point)}#${draw}`;
  return {
    get: (point, draw) => scores.get(key(point, draw)),
    async add(point, draw, { n, figures }) {
      const stored = { point, n, values: valuesOf(figures) };
      scores.set(key(point, draw), stored);
      return stored;
    },
    points: () => distinct([...scores.values()].map(({ point }) => point)),
  };
}
