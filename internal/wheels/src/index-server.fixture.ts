import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, onTestFinished } from 'vitest';
import yazl from 'yazl';
import type { Machine } from './machine.js';
import { fileName, type Wheel } from './wheel.js';

/** A machine that the builds run on. */
export const LINUX: Machine = { platform: 'linux', arch: 'x64', glibc: '2.36', release: '6.1.0', node: '22.0.0' };

/** An environment without pip. */
export const NO_PIP: NodeJS.ProcessEnv = { PATH: '/nowhere' };

const scratched: string[] = [];
afterAll(() => Promise.all(scratched.splice(0).map((folder) => rm(folder, { recursive: true, force: true }))));

/** A folder that goes when the file's tests are done. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'edm2-wheels-'));
  scratched.push(folder);
  return folder;
}

/** A wheel that exists on disk. */
export interface FakeWheel {
  readonly wheel: Wheel;
  readonly path: string;
}

/** Makes a wheel with the given files; random bytes are packed as they are, so that its size is near theirs. */
export async function fakeWheel(
  project: string,
  files: Readonly<Record<string, { content: Uint8Array; mode?: number }>>,
): Promise<FakeWheel> {
  const zip = new yazl.ZipFile();
  for (const [name, { content, mode = 0o100644 }] of Object.entries(files))
    zip.addBuffer(Buffer.from(content), name, { mode });
  zip.end();
  const draft: Wheel = { project, version: '2.21.0', tags: 'cp312-cp312-manylinux_2_27_x86_64', sha256: '', bytes: 0 };
  const path = join(await scratch(), fileName(draft));
  await pipeline(zip.outputStream, createWriteStream(path));
  const bytes = await readFile(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { wheel: { ...draft, sha256, bytes: bytes.length }, path };
}

/** Bytes that do not compress, the same at every call. */
export const noise = (length: number): Uint8Array => {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
};

/** The C library's two files, and some that nobody wants. */
export const cpuWheel = (): Promise<FakeWheel> =>
  fakeWheel('tensorflow-cpu', {
    'tensorflow/libtensorflow_cc.so.2': { content: noise(300_000) },
    'tensorflow/libtensorflow_framework.so.2': { content: noise(1000) },
    'tensorflow/python/_pywrap_tfe.so': { content: noise(1000) },
    'tensorflow/include/tensorflow/c/c_api.h': { content: noise(10) },
  });

/** How a server behaves. */
export interface Behaviour {
  /** Answers with a page as older indexes do (PEP 503). */
  readonly html?: boolean;
  /** Bytes after which each answer breaks off, for the first so many requests. */
  readonly cut?: { readonly after: number; readonly times: number };
  readonly ranges?: boolean;
  /** Status for files. */
  readonly status?: number;
  /** `user:password` that every request must bring. */
  readonly credentials?: string;
}

/** A package index on this machine that serves some wheels. Closed when the test ends. */
export async function indexServer(wheels: readonly FakeWheel[], behaviour: Behaviour = {}) {
  const requests: { readonly path: string; readonly range: string | undefined }[] = [];
  let cuts = behaviour.cut?.times ?? 0;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ path, range: request.headers.range });
    const wanted = behaviour.credentials && `Basic ${Buffer.from(behaviour.credentials).toString('base64')}`;
    if (wanted && request.headers.authorization !== wanted) return void response.writeHead(401).end();
    if (path.startsWith('/simple/')) return sendPage(wheels, path, behaviour.html === true, response);
    const found = wheels.find(({ wheel }) => path === `/files/${fileName(wheel)}`);
    if (found === undefined) return void response.writeHead(404).end();
    if (behaviour.status !== undefined) return void response.writeHead(behaviour.status).end();
    void sendFile(
      found.path,
      request,
      response,
      behaviour.ranges !== false,
      cuts-- > 0 ? behaviour.cut?.after : undefined,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const credentials = behaviour.credentials ? `${behaviour.credentials}@` : '';
  return { index: `http://${credentials}127.0.0.1:${port}/simple`, requests };
}

function sendPage(wheels: readonly FakeWheel[], path: string, html: boolean, response: ServerResponse): void {
  const listed = wheels.filter(({ wheel }) => path === `/simple/${wheel.project}/`).map(({ wheel }) => fileName(wheel));
  if (listed.length === 0) return void response.writeHead(404).end();
  if (html) {
    const links = listed.map((name) => `<a data-x="1" href="../../files/${name}#sha256=0">${name}</a><br>`);
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!DOCTYPE html><body>${links.join('\n')}</body>`);
  } else {
    const files = listed.map((filename) => ({ filename, url: `/files/${filename}` }));
    response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' }).end(JSON.stringify({ files }));
  }
}

async function sendFile(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  ranges: boolean,
  cut: number | undefined,
): Promise<void> {
  const bytes = await readFile(path);
  const start = ranges ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  const part = bytes.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': part.length });
  if (cut === undefined) response.end(part);
  else response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
}
