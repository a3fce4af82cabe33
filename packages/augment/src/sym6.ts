/**
 * Low-pass filter of the wavelet sym6: orthonormal to its even shifts, sum √2, six vanishing moments. Of the filters with these properties
 * it is the least asymmetric one (Daubechies 1992, Ten Lectures on Wavelets, table 8.3).
 */
export const SYM6 = Float64Array.of(
  0.015404109327044824,
  0.0034907120842221626,
  -0.11799011114852002,
  -0.04831174258569806,
  0.49105594192797375,
  0.787641141028651,
  0.3379294217281658,
  -0.07263752278637658,
  -0.02106029251237085,
  0.04472490177078139,
  0.0017677118642540077,
  -0.00780070832503238,
);

/**
 * Where the filter lies: its centre of mass, in samples. With it sample `k` of a doubled signal stands at `(k − CENTRE)/2`, and a ramp stays
 * the ramp that it was: the first moment of the wavelet vanishes.
 */
export const CENTRE = SYM6.reduce((sum, tap, i) => sum + i * tap, 0) / SYM6.reduce((sum, tap) => sum + tap, 0);
