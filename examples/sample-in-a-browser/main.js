// `npm start`, or `npm start -- network.safetensors` for a network of your own: exports it and serves the page that samples it.
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { exportNetwork } from './export.js';
import { networkFrom } from './network.js';

const STEPS = 1500;
const PORT = Number(process.env.PORT ?? 8080);
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/wasm'));

const model = exportNetwork(await networkFrom(process.argv[2] ?? 'network.safetensors', STEPS));
await writeFile('model.onnx', model);
console.log(`model.onnx: ${(model.length / 1e6).toFixed(1)} MB`);

/** Only these leave this folder. */
const PAGE = ['index.html', 'page.js', 'denoiser.js', 'sample.js', 'model.onnx'];
const find = (path) => {
  const name = path === '/' ? 'index.html' : path.slice(1);
  if (PAGE.includes(name)) return name;
  return /^ort\/[\w.-]+$/.test(name) ? join(ort, name.slice('ort/'.length)) : undefined;
};
createServer(async (request, response) => {
  const file = find(new URL(request.url, 'http://localhost').pathname);
  const body = file && (await readFile(file).catch(() => undefined));
  response.writeHead(body ? 200 : 404, { 'content-type': TYPES[extname(file ?? '')] ?? 'application/octet-stream' });
  response.end(body);
}).listen(PORT, '127.0.0.1', () => console.log(`open http://127.0.0.1:${PORT} (Ctrl-C ends it)`));
