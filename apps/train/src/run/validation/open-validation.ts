import { holdOut, type Split } from '@edm2/app-kit/data/hold-out';
import { openSquareImages } from '@edm2/app-kit/data/ready-images';
import { UsageError } from '@edm2/command/errors';
import type { Dataset } from '@edm2/dataset';
import type { RunConfig } from '../../options/run-config.js';

/** What is trained on and what is held out, and how both are closed. */
export interface ValidationData extends Split {
  /** Closes what was opened here; the run's dataset stays the caller's. */
  close(): Promise<void>;
}

/**
 * Parts a run's data as its configuration says: so many held out, or others than they are. What is trained on is never measured as held out,
 * nor its mirror image.
 *
 * @returns undefined without `--validation`.
 * @throws {UsageError} (rejects) when too few images are left, or the other data are of another kind than the run's.
 */
export async function openValidation(
  dataset: Dataset,
  { validation, seed, network }: Pick<RunConfig, 'validation' | 'seed' | 'network'>,
): Promise<ValidationData | undefined> {
  if (validation === undefined) return undefined;
  if (typeof validation === 'number') {
    const count = Math.round(validation * dataset.sourceLength);
    if (count < 1 || count >= dataset.sourceLength)
      throw new UsageError(
        `--validation: expected a share that leaves images on both sides, got ${validation} of ${dataset.sourceLength} images, ${count} of them. Choose another share.`,
      );
    return { ...holdOut(dataset, count, seed), close: async () => {} };
  }
  const heldOut = await openSquareImages(validation, '--validation', {
    ...(dataset.dtype === 'uint8' ? { resolution: dataset.resolution } : {}),
    ...(dataset.dtype === 'uint8' && (dataset.channels === 1 || dataset.channels === 3)
      ? { channels: dataset.channels }
      : {}),
    ...(network.labelDim > 0 && dataset.labelKind === 'class' ? { labelDim: network.labelDim } : {}),
    labels: network.labelDim > 0,
    flags: { path: '--validation' },
  });
  const wrong = differenceOf(dataset, heldOut, network.labelDim > 0);
  if (wrong !== undefined) {
    await heldOut.close();
    throw new UsageError(
      `--validation: expected images like those of --data, got ${wrong}. Convert or sort them alike.`,
    );
  }
  return { train: dataset, heldOut, close: () => heldOut.close() };
}

/** In what held-out data differ from a run's; undefined where they fit. */
function differenceOf(data: Dataset, other: Dataset, labelled: boolean): string | undefined {
  for (const key of ['resolution', 'channels', 'dtype'] as const)
    if (data[key] !== other[key]) return `${key} ${other[key]} instead of ${data[key]}`;
  if (data.fingerprint === other.fingerprint) return 'the very same ones';
  if (!labelled) return undefined;
  if (data.labelKind !== other.labelKind || data.labelDim !== other.labelDim)
    return `labels of ${other.labelDim} (${other.labelKind}) instead of ${data.labelDim} (${data.labelKind})`;
  // Folders are numbered by their names: another set of folders would number the same class otherwise.
  const [own, theirs] = [data.classNames.join(), other.classNames.join()];
  return own === theirs ? undefined : `classes ${theirs || 'without names'} instead of ${own || 'without names'}`;
}
