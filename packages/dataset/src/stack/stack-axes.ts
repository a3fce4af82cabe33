/** How the axes of an array of images are arranged. */
export interface StackAxes {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
  /** Channels before rows: `[N, C, H, W]`. */
  readonly channelsFirst: boolean;
}

const isChannels = (side: number | undefined): side is 1 | 3 | 4 => side === 1 || side === 3 || side === 4;

/**
 * Finds images in the axes of an array: `[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]`, C of 1, 3 or 4.
 *
 * @returns in words (fits "got …") why it is not a stack of images, or why both orders fit.
 */
export function stackAxes(shape: readonly number[]): StackAxes | string {
  const [count = 0, a = 0, b = 0, c = 0] = shape;
  const text = `[${shape.join(', ')}]`;
  if (shape.length === 3) {
    if (isChannels(count) && count > 1 && a === b)
      return `${text}, which may be ${count} grey images or one of ${count} channels`;
    return { count, height: a, width: b, channels: 1, channelsFirst: false };
  }
  if (shape.length !== 4) return `${text}, ${shape.length} axes`;
  const last = isChannels(c) ? ({ count, height: a, width: b, channels: c, channelsFirst: false } as const) : undefined;
  const first = isChannels(a) ? ({ count, height: b, width: c, channels: a, channelsFirst: true } as const) : undefined;
  if (last && first) {
    // Images are square: that decides, unless they are under both readings or under none.
    if ((a === b) === (b === c)) return `${text}, in which the channels may come first or last`;
    return a === b ? last : first;
  }
  return last ?? first ?? `${text}, without an axis of 1, 3 or 4 channels`;
}

/**
 * One image of a stack with its channels last.
 *
 * @param values - its values, in the stack's order.
 * @returns `[height, width, channels]`; four channels become three, the last one (alpha) is dropped.
 */
export function stackImage(values: Uint8Array, { height, width, channels, channelsFirst }: StackAxes): Uint8Array {
  const kept = channels === 4 ? 3 : channels;
  if (!channelsFirst && kept === channels) return Uint8Array.from(values);
  const size = height * width;
  const out = new Uint8Array(size * kept);
  for (let i = 0, to = 0; i < size; i++)
    for (let c = 0; c < kept; c++) out[to++] = values[channelsFirst ? c * size + i : i * channels + c] as number;
  return out;
}

/** The fourth channel of one image of a stack that has four, `[height, width]`. */
export function stackAlpha(values: Uint8Array, { height, width, channelsFirst }: StackAxes): Uint8Array {
  const size = height * width;
  return Uint8Array.from({ length: size }, (_, i) => values[channelsFirst ? 3 * size + i : 4 * i + 3] as number);
}
