import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as ortNode from 'onnxruntime-node';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type LocalServer, serve } from './server.js';

/** A tensor as plain data. */
export interface Plain {
  readonly type: 'float32' | 'int32' | 'bool';
  readonly dims: readonly number[];
  readonly data: readonly number[];
}
export type PlainTensors = Readonly<Record<string, Plain>>;

/** Runs an ONNX model once. */
export type RunModel = (model: Uint8Array, feeds: PlainTensors) => Promise<PlainTensors>;

/** The page's own script; text, because a test runner rewrites the imports of functions. It leaves `ort` and `runModel` behind. */
const PAGE = `<!doctype html><title>onnxruntime-web</title><script type="module">
import * as ort from '/ort/ort.wasm.bundle.min.mjs';
const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
window.ort = ort;
window.runModel = async ({ path, feeds }) => {
  const session = await ort.InferenceSession.create(path);
  const given = Object.entries(feeds).map(([name, { type, dims, data }]) => [name, new ort.Tensor(type, arrays[type].from(data), dims)]);
  const made = await session.run(Object.fromEntries(given));
  await session.release();
  return Object.fromEntries(
    Object.entries(made).map(([name, { type, dims, data }]) => [name, { type, dims, data: Array.from(data) }]),
  );
};
</script>`;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
];

/** A page of a real browser that can load onnxruntime-web, and what it is served. */
export interface BrowserRuntime {
  readonly run: RunModel;
  readonly page: Page;
  readonly url: string;
  readonly files: Map<string, Uint8Array | string>;
  /** Name and version. */
  readonly version: string;
  close(): Promise<void>;
}

/** The folder of onnxruntime-web's files for the browser. */
const ORT_WEB = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/wasm'));

/** Starts the browser with an empty page. */
export async function startBrowser(
  executablePath: string,
  folders: Readonly<Record<string, string>> = {},
): Promise<BrowserRuntime> {
  const files = new Map<string, Uint8Array | string>([['/onnx.html', PAGE]]);
  const server: LocalServer = await serve({ folders: { '/ort/': `${ORT_WEB}/`, ...folders }, files });
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({ executablePath, args: FLAGS });
    const page = await browser.newPage();
    // What hangs is ended by the test's own time limit.
    page.setDefaultTimeout(0);
    await page.goto(`${server.url}/onnx.html`);
    await page.waitForFunction('window.runModel');
    let count = 0;
    const run: RunModel = async (model, feeds) => {
      const path = `/models/${count++}.onnx`;
      files.set(path, model);
      return page.evaluate<PlainTensors>(`runModel(${JSON.stringify({ path, feeds })})`);
    };
    const opened = browser;
    return {
      run,
      page,
      url: server.url,
      files,
      version: `Chromium ${opened.version()}`,
      close: async () => {
        await opened.close();
        await server.close();
      },
    };
  } catch (error) {
    await browser?.close();
    await server.close();
    throw error;
  }
}

/** onnxruntime-node. */
export const runInNode: RunModel = async (model, feeds) => {
  const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
  const session = await ortNode.InferenceSession.create(model);
  const given = Object.entries(feeds).map(([name, { type, dims, data }]) => [
    name,
    new ortNode.Tensor(type as 'float32', arrays[type].from(data) as Float32Array, dims),
  ]);
  const made = await session.run(Object.fromEntries(given));
  await session.release();
  return Object.fromEntries(
    Object.entries(made).map(([name, tensor]) => [
      name,
      { type: tensor.type as 'float32', dims: tensor.dims, data: Array.from(tensor.data as Float32Array) },
    ]),
  );
};
