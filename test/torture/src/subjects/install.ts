import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { hashes } from '../files.js';
import type { Subject } from '../subject.js';
import { INSTALL } from './places.js';

const WHEEL = 'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl';
/** Bytes of the library, and of one piece that the server sends, with a pause after each. */
const LIBRARY_BYTES = 4_000_000;
const PIECE_BYTES = 100_000;
const PAUSE_MS = 20;

/** Bytes that do not compress. */
const noise = (length: number): Buffer => {
  let state = 1;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    }),
  );
};

async function writeWheel(path: string): Promise<void> {
  const zip = new ZipFile();
  zip.addBuffer(noise(LIBRARY_BYTES), 'tensorflow/libtensorflow_cc.so.2', { mode: 0o100644 });
  zip.addBuffer(noise(100_000), 'tensorflow/libtensorflow_framework.so.2', { mode: 0o100644 });
  zip.end();
  await writeFile(path, await buffer(zip.outputStream));
}

/** A package index that is slow, so that there is something to interrupt. */
function slowIndex(wheel: string): Server {
  return createServer(async (request, response) => {
    if (request.url?.startsWith('/simple/')) {
      const files = [{ filename: WHEEL, url: `/files/${WHEEL}` }];
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' }).end(JSON.stringify({ files }));
      return;
    }
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const { size } = await stat(wheel);
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': size - start });
    response.on('error', () => {});
    for await (const piece of createReadStream(wheel, { start, highWaterMark: PIECE_BYTES })) {
      if (response.destroyed) return;
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    response.end();
  });
}

let server: Server | undefined;
let env: Record<string, string> = {};

/** `tfjs-libtensorflow install`, of a small wheel from an index on this machine: the same command goes on. */
export const install: Subject = {
  name: 'install',
  locks: true,
  async prepare(folder) {
    const path = join(folder, WHEEL);
    await writeWheel(path);
    const bytes = await readFile(path);
    server = slowIndex(path);
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    env = {
      TORTURE_INDEX: `http://127.0.0.1:${port}/simple`,
      TORTURE_WHEEL: JSON.stringify({
        project: 'tensorflow-cpu',
        version: '2.21.0',
        tags: 'cp312-cp312-manylinux_2_27_x86_64',
        sha256,
        bytes: bytes.length,
      }),
    };
  },
  start: async (_, dest) => ({ script: INSTALL, args: ['install', '--directory', dest], env }),
  results: (folder, dest) => hashes(join(folder, dest), () => true),
  async dispose() {
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  },
};
