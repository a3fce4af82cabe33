import { loadDenoiser, ROW, SIDE } from './denoiser.js';
import * as ort from './ort/ort.wasm.bundle.min.mjs';
import { sample, unitNoise } from './sample.js';

const ROWS = 5;
const STEPS = 16;
const GAP = 1;
const [canvas, button, output] = ['canvas', 'button', 'output'].map((name) => document.querySelector(name));
canvas.width = ROW * (SIDE + GAP) + GAP;
canvas.height = ROWS * (SIDE + GAP) + GAP;
const context = canvas.getContext('2d');

/** Ten images with values −1…1 into row `row` of the grid. */
function drawRow(images, row) {
  for (let column = 0; column < ROW; column++) {
    const picture = context.createImageData(SIDE, SIDE);
    for (let k = 0; k < SIDE * SIDE; k++) {
      const value = images[column * SIDE * SIDE + k] * 127.5 + 127.5;
      picture.data.set([value, value, value, 255], 4 * k);
    }
    context.putImageData(picture, GAP + column * (SIDE + GAP), GAP + row * (SIDE + GAP));
  }
}

async function draw(denoise, seed) {
  button.disabled = true;
  const started = performance.now();
  for (let row = 0; row < ROWS; row++) {
    const noise = unitNoise(ROW * SIDE * SIDE, seed + row);
    const onStep = async (done, guess) => {
      drawRow(guess, row);
      output.value = `row ${row + 1} of ${ROWS}, step ${done} of ${STEPS}`;
      await new Promise(requestAnimationFrame); // lets the browser show it
    };
    drawRow(await sample(denoise, noise, { steps: STEPS, onStep }), row);
  }
  output.value = `${ROW * ROWS} digits in ${((performance.now() - started) / 1000).toFixed(1)} s`;
  button.disabled = false;
}

try {
  const denoise = await loadDenoiser(ort, 'model.onnx');
  let seed = 0;
  button.addEventListener('click', () => {
    seed += ROWS;
    draw(denoise, seed);
  });
  await draw(denoise, seed);
} catch (error) {
  output.value = `That failed: ${error.message}`;
}
