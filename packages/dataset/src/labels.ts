import { DatasetError, type DatasetErrorCode } from './errors.js';
import { MAX_LABEL_DIM } from './limits.js';

/** Labels of all images of a dataset, in the order of the images. */
export type Labels =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'class';
      readonly dim: number;
      readonly classes: Int32Array;
      readonly classNames: readonly string[];
    }
  | { readonly kind: 'vector'; readonly dim: number; readonly vectors: readonly Float32Array[] };

/** Width of a label, 0 without. */
export const labelDimOf = (labels: Labels): number => (labels.kind === 'none' ? 0 : labels.dim);

/** An error of the labels. */
export const labelError = (
  code: DatasetErrorCode,
  file: string,
  expected: string,
  got: string,
  remedy: string,
  cause?: unknown,
) => new DatasetError({ code, where: 'openDataset', file, expected, got, remedy, cause });

/**
 * Checks class indices and fixes their one-hot width.
 *
 * @param classes - one per image.
 * @param labelDim - required width; default `max + 1`, as the published reader has it.
 * @param pathOf - what an error names for image i.
 * @throws {DatasetError} bad-label.
 */
export function classLabels(
  classes: ArrayLike<number>,
  labelDim: number | undefined,
  pathOf: (index: number) => string,
  classNames: readonly string[] = [],
): Labels {
  const bound = labelDim ?? MAX_LABEL_DIM;
  let dim = labelDim ?? 0;
  for (let i = 0; i < classes.length; i++) {
    const label = classes[i] ?? Number.NaN;
    if (!Number.isInteger(label) || label < 0 || label >= bound) {
      const expected = `a class index from 0 to ${bound - 1}`;
      const remedy = labelDim === undefined ? 'Correct the label' : 'Correct the label or raise labelDim';
      throw labelError('bad-label', pathOf(i), expected, `${label} for ${pathOf(i)}`, remedy);
    }
    dim = Math.max(dim, label + 1);
  }
  return { kind: 'class', dim, classes: Int32Array.from(classes), classNames };
}
