import type { Dataset } from '@edm2/dataset';
import { resize } from '@edm2/dataset/convert';
import { drawGrid } from 'edm2/parts';
import { encode } from 'fast-png';

/** Images on a sheet. */
const SHOWN = 96;
const COLUMNS = 12;
/** Larger images are made smaller. */
const TILE = 64;

/**
 * A PNG of images from the first to the last, evenly spread; with classes, as many of each as there is room for, class by class.
 *
 * @param dataset - of pixels.
 */
export async function contactSheet(dataset: Dataset): Promise<{ readonly png: Uint8Array; readonly images: number }> {
  const { resolution, channels } = dataset;
  const side = Math.min(resolution, TILE);
  const chosen = choose(dataset);
  const size = side * side * channels;
  const data = new Uint8Array(chosen.length * size);
  for (const [n, index] of chosen.entries()) {
    const pixels = {
      width: resolution,
      height: resolution,
      channels: channels as 1 | 3,
      data: (await dataset.read(index)) as Uint8Array,
    };
    data.set(resize(pixels, side, side, 'lanczos').data, n * size);
  }
  const grid = drawGrid(
    { data, shape: [chosen.length, side, side, channels] },
    { columns: Math.min(COLUMNS, chosen.length) },
  );
  const { width, height } = grid;
  return {
    png: encode({ width, height, channels: grid.channels as 1 | 3, depth: 8, data: grid.data }),
    images: chosen.length,
  };
}

function choose(dataset: Dataset): number[] {
  const { sourceLength, labelDim } = dataset;
  const count = Math.min(SHOWN, sourceLength);
  const order = Array.from({ length: sourceLength }, (_, i) => i);
  if (dataset.labelKind === 'class' && labelDim <= SHOWN) {
    const members = Array.from({ length: labelDim }, (_, c) => order.filter((i) => dataset.classOf(i) === c));
    const each = Math.max(1, Math.floor(SHOWN / labelDim));
    return members.flatMap((own) => spread(own, Math.min(each, own.length)));
  }
  return spread(order, count);
}

const spread = (list: readonly number[], count: number): number[] =>
  Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)] as number);
