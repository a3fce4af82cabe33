/** Uniform numbers in [0, 1) from a seed. */
export type Uniform = () => number;

/**
 * The generator sfc32 (Doty-Humphrey, PractRand): 128 bits of state. Resampling needs repeatable draws and nothing else, so this package
 * stands without a dependency.
 *
 * @param seed - any integer.
 */
export function createUniform(seed: number): Uniform {
  let a = seed | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** `count` different rows of `n`, in random order: the head of a Fisher–Yates shuffle. */
export function drawRows(random: Uniform, n: number, count: number): Int32Array {
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (n - i));
    const row = rows[i] as number;
    rows[i] = rows[j] as number;
    rows[j] = row;
  }
  return rows.slice(0, count);
}

/** A direction of `dims` values, uniform on the unit sphere: normals by Box and Muller, divided by their length. */
export function drawDirection(random: Uniform, dims: number): Float64Array {
  const direction = Float64Array.from(
    { length: dims },
    () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
  const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
  return direction.map((value) => value / length);
}
