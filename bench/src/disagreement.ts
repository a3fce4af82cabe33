import { readSafetensors } from '@edm2/tensor-files';

/** The largest relative difference of a tensor between two files, `‖a − b‖ / ‖b‖`; both must hold the same names. */
export async function disagreement(a: string, b: string): Promise<number> {
  const [left, right] = await Promise.all([readSafetensors(a), readSafetensors(b)]);
  try {
    let worst = 0;
    for (const name of right.names) {
      const [x, y] = [(await left.readFloat32(name)).data, (await right.readFloat32(name)).data];
      let difference = 0;
      let norm = 0;
      for (let i = 0; i < y.length; i++) {
        difference += ((x[i] ?? Number.NaN) - (y[i] ?? Number.NaN)) ** 2;
        norm += (y[i] ?? Number.NaN) ** 2;
      }
      const error = Math.sqrt(difference / (norm || 1));
      // Written so that NaN wins.
      if (!(error <= worst)) worst = error;
    }
    return worst;
  } finally {
    await Promise.all([left.close(), right.close()]);
  }
}
