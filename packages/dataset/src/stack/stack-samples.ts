import { DatasetError, type DatasetErrorCode } from '../errors.js';
import type { Labels } from '../labels.js';
import { MAX_IMAGES, MAX_RESOLUTION } from '../limits.js';
import type { DatasetReport } from '../report.js';
import type { Samples } from '../samples.js';
import { checkPowerOfTwo } from '../shape.js';
import { centre, halve, halvings, nextPowerOfTwo } from './fit-square.js';
import { type StackAxes, stackImage } from './stack-axes.js';

/** Images of one array, whatever file it is in. */
export interface Stack {
  readonly kind: Samples['kind'];
  /** Where the array is, for errors. */
  readonly path: string;
  /** Its name within the dataset: names of images are `<name>#<index>`. */
  readonly name: string;
  readonly axes: StackAxes;
  readonly labels: Labels;
  readonly report: DatasetReport;
  /** Values of one image, in the array's order. */
  values(index: number): Promise<Uint8Array> | Uint8Array;
  identity(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/**
 * Images of an array, brought to a power of two: halved while they are too large for `resolution`, and centred on black.
 *
 * @param resolution - side; default the next power of two.
 * @throws {DatasetError} empty, too-large, not-square, not-power-of-two, wrong-resolution.
 */
export function stackSamples(stack: Stack, resolution: number | undefined): Samples {
  const { axes, path, report } = stack;
  const { count, height, width } = axes;
  const fail = (code: DatasetErrorCode, expected: string, got: string, remedy: string) =>
    new DatasetError({ code, where: 'openDataset', file: path, expected, got, remedy });
  if (count === 0 || height === 0 || width === 0)
    throw fail('empty', 'at least one image', `none in ${path}`, 'Fetch or write the file again');
  if (count > MAX_IMAGES || height > MAX_RESOLUTION || width > MAX_RESOLUTION)
    throw fail(
      'too-large',
      `at most ${MAX_IMAGES} images of at most ${MAX_RESOLUTION} pixels a side`,
      `${count} of ${width}×${height} in ${path}`,
      'Split it or make the images smaller',
    );
  if (height !== width)
    throw fail('not-square', 'square images', `${width}×${height} in ${path}`, 'Crop the images to squares');
  const side = resolution ?? nextPowerOfTwo(height);
  checkPowerOfTwo('openDataset', path, side);
  const times = halvings(height, side);
  if (times === undefined)
    throw fail(
      'wrong-resolution',
      `a resolution that ${height}×${height} reaches by halving and padding`,
      `${side}`,
      `Ask for ${nextPowerOfTwo(height)}`,
    );
  const channels = axes.channels === 4 ? 3 : axes.channels;
  const changes = changesOf(height, side, times, axes.channels === 4);
  return {
    kind: stack.kind,
    count,
    resolution: side,
    channels,
    dtype: 'uint8',
    labels: stack.labels,
    report: { ...report, changes: [...report.changes, ...changes] },
    conversions: () => [],
    name: (index) => `${stack.name}#${index}`,
    read: async (index) => {
      let image = stackImage(await stack.values(index), axes);
      let size = height;
      for (let i = 0; i < times; i++, size /= 2) image = halve(image, size, channels);
      return size === side ? image : centre(image, size, side, channels);
    },
    worthCaching: false,
    identity: () => stack.identity(),
    close: () => stack.close(),
  };
}

function changesOf(size: number, side: number, times: number, alpha: boolean): string[] {
  const halved = size / 2 ** times;
  return [
    ...(alpha ? ['the fourth channel (transparency) dropped'] : []),
    ...(times > 0 ? [`averaged from ${size}×${size} to ${halved}×${halved}`] : []),
    ...(halved < side ? [`${halved}×${halved} centred on black`] : []),
  ];
}
