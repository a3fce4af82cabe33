import { open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { explainFileError, makeFolder } from '@edm2/tensor-files';
import type { JudgedPart } from 'edm2/parts';

/** What a network said of images, on disk, an image a record: whatever ends the process loses the batch under way. */
export interface Journal {
  readonly path: string;
  /**
   * What is there, in whole batches or to the last image; what lies behind, half a batch, is cut off.
   *
   * @param batch - images of a batch, so that work goes on where a batch began.
   * @param total - images when the work is done.
   */
  read(batch: number, total: number): AsyncGenerator<JudgedPart, void, undefined>;
  append(part: JudgedPart): Promise<void>;
  remove(): Promise<void>;
}

/** Bytes of a stored number. */
const BYTES = 4;

/**
 * Opens or begins a journal. A record is an image's features, its logits, and whether it was read as asked, in float32.
 *
 * @param path - its name must tell everything that decides the records.
 * @param dims - features of an image.
 * @param classes - logits of an image that are kept.
 */
export function openJournal(path: string, { dims, classes }: { dims: number; classes: number }): Journal {
  const width = dims + classes + 1;
  const bytes = width * BYTES;
  return {
    path,
    async *read(batch, total) {
      const size = (await stat(path).catch(() => undefined))?.size ?? 0;
      const records = Math.min(Math.floor(size / bytes), total);
      const whole = records === total ? total : records - (records % batch);
      if (size === 0) return;
      const file = await open(path, 'r+');
      try {
        await file.truncate(whole * bytes);
        for (let at = 0; at < whole; at += batch) {
          const count = Math.min(batch, whole - at);
          const values = new Float32Array(count * width);
          const view = new Uint8Array(values.buffer);
          let filled = 0;
          while (filled < view.length) {
            const { bytesRead } = await file.read(view, filled, view.length - filled, at * bytes + filled);
            if (bytesRead === 0)
              throw new Error(`journal: expected ${view.length} bytes, got ${filled} in ${path}. Delete it.`);
            filled += bytesRead;
          }
          yield toPart(values, count, dims, classes);
        }
      } finally {
        await file.close();
      }
    },
    async append(part) {
      try {
        await makeFolder(dirname(path));
        const file = await open(path, 'a');
        try {
          await file.writeFile(new Uint8Array(toRecords(part, dims, classes).buffer));
        } finally {
          await file.close();
        }
      } catch (error) {
        const state = 'the same command goes on from the batches that are whole';
        throw explainFileError(error, { fn: 'journal', path, state });
      }
    },
    remove: () => rm(path, { force: true }),
  };
}

function toRecords({ features, logits, agreed }: JudgedPart, dims: number, classes: number): Float32Array {
  const width = dims + classes + 1;
  const records = new Float32Array(agreed.length * width);
  for (let i = 0; i < agreed.length; i++) {
    records.set(features.subarray(i * dims, (i + 1) * dims), i * width);
    if (logits) records.set(logits.subarray(i * classes, (i + 1) * classes), i * width + dims);
    records[(i + 1) * width - 1] = agreed[i] ?? -1;
  }
  return records;
}

function toPart(records: Float32Array, count: number, dims: number, classes: number): JudgedPart {
  const width = dims + classes + 1;
  const features = new Float32Array(count * dims);
  const logits = new Float32Array(count * classes);
  const agreed = new Int8Array(count);
  for (let i = 0; i < count; i++) {
    features.set(records.subarray(i * width, i * width + dims), i * dims);
    logits.set(records.subarray(i * width + dims, (i + 1) * width - 1), i * classes);
    agreed[i] = records[(i + 1) * width - 1] ?? -1;
  }
  return { features, agreed, ...(classes > 0 ? { logits } : {}) };
}
