import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

/** A local web server. */
export interface LocalServer {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** What is served: folders by the path that they appear under, and single files from memory. */
export interface Served {
  readonly folders: Readonly<Record<string, string>>;
  /** May change while the server runs. */
  readonly files: ReadonlyMap<string, Uint8Array | string>;
}

/** Serves to this machine only. Pages may use threads. */
export async function serve({ folders, files }: Served): Promise<LocalServer> {
  const find = (path: string): Uint8Array | string | undefined => {
    const file = files.get(path);
    if (file !== undefined) return file;
    for (const [prefix, folder] of Object.entries(folders)) {
      if (!path.startsWith(prefix)) continue;
      const inside = join(folder, normalize(path.slice(prefix.length)));
      if (inside.startsWith(folder) && existsSync(inside) && statSync(inside).isFile()) return readFileSync(inside);
    }
    return undefined;
  };
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const body = find(pathname === '/' ? '/index.html' : pathname);
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': TYPES[extname(pathname === '/' ? '.html' : pathname) || '.html'] ?? 'application/octet-stream',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
