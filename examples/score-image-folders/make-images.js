// Two folders of small pictures: discs on a gradient. The "generated" ones are a little too large and too dark.
import { mkdirSync } from 'node:fs';
import { createRandom } from '@edm2/random';
import sharp from 'sharp';

const SIDE = 32;
const COUNT = 16;

function picture(random, radius, light) {
  const [x0, y0, ...colour] = random.uniform(5);
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      for (let c = 0; c < 3; c++) {
        const inside = Math.hypot(x - x0 * SIDE, y - y0 * SIDE) < radius;
        pixels[(y * SIDE + x) * 3 + c] = 255 * light * (inside ? colour[c] : (x + y) / (2 * SIDE));
      }
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } });
}

for (const [folder, radius, light] of [
  ['real', 8, 1],
  ['generated', 10, 0.8],
]) {
  mkdirSync(folder, { recursive: true });
  const random = createRandom(0).stream(folder);
  for (let i = 0; i < COUNT; i++) await picture(random, radius, light).toFile(`${folder}/${i}.png`);
  console.log(`${COUNT} images in ${folder}/`);
}
