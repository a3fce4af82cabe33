/** Rows of an image's activations, float32: written and read a few at a time. */
export interface Rows {
  readonly height: number;
  /** Values of a row: width times channels. */
  readonly rowLength: number;
  /** Rows `top` … `top + count − 1`, one after another. */
  read(top: number, count: number): Float32Array | Promise<Float32Array>;
  /** @param values - whole rows, from row `top` on. */
  write(top: number, values: Float32Array): void | Promise<void>;
  /** Releases them. */
  dispose(): void | Promise<void>;
}

/** Makes room for rows. */
export type CreateRows = (height: number, rowLength: number) => Rows | Promise<Rows>;

/** Rows in JavaScript's memory. */
export const memoryRows: CreateRows = (height, rowLength) => {
  let values = new Float32Array(height * rowLength);
  return {
    height,
    rowLength,
    read: (top, count) => values.subarray(top * rowLength, (top + count) * rowLength),
    write: (top, rows) => values.set(rows, top * rowLength),
    dispose() {
      values = new Float32Array();
    },
  };
};
