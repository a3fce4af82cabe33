import { DownloadError } from './download-error.js';

/** Bytes of an index page that are read at most: the largest that is needed has 1 MB. */
const MAX_PAGE_BYTES = 64 << 20;
/** Milliseconds until an index must have answered. */
const TIMEOUT = 60_000;

/** An address, and what to send with a request to it. */
export interface Located {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Looks up a file in a package index (PEP 503, PEP 691).
 *
 * @param index - address of the index; a user and password in it are sent as such.
 * @param project - name of the project.
 * @param file - name of the file.
 * @returns undefined when the index does not have it.
 * @throws {DownloadError} when the index does not answer.
 */
export async function findFile(
  index: string,
  project: string,
  file: string,
  signal?: AbortSignal,
): Promise<Located | undefined> {
  const page = withoutCredentials(`${index}/${project}/`);
  const response = await request(page, signal);
  if (response.status === 404) return undefined;
  if (!response.ok)
    throw new DownloadError(
      `expected the package index to list ${project}, got HTTP ${response.status} from ${page.url}. Check the index settings (pip config list).`,
    );
  const text = await pageText(response, page.url);
  const json = /json/.test(response.headers.get('content-type') ?? '');
  const href = json ? fromJson(text, file) : fromHtml(text, file);
  if (href === undefined) return undefined;
  const url = new URL(href, response.url || page.url);
  url.hash = '';
  // Credentials go to the index's own host only.
  const same = url.host === new URL(page.url).host;
  const found = withoutCredentials(url.href);
  return same ? { url: found.url, headers: { ...page.headers, ...found.headers } } : found;
}

async function request({ url, headers }: Located, signal?: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT);
  try {
    return await fetch(url, {
      headers: {
        ...headers,
        accept: 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1',
      },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new DownloadError(
      `expected the package index to answer, got ${reasonOf(cause)} from ${url}. Check the network, or the index settings (pip config list).`,
      { cause },
    );
  }
}

async function pageText(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_PAGE_BYTES)
      throw new DownloadError(
        `expected an index page of at most ${MAX_PAGE_BYTES} bytes, got more from ${url}. Check the index settings (pip config list).`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fromJson(text: string, file: string): string | undefined {
  const { files } = JSON.parse(text) as { files?: readonly { filename?: unknown; url?: unknown }[] };
  const url = files?.find(({ filename }) => filename === file)?.url;
  return typeof url === 'string' ? url : undefined;
}

function fromHtml(text: string, file: string): string | undefined {
  for (const [, attributes = '', label = ''] of text.matchAll(/<a\b([^>]*)>([^<]*)<\/a>/gi)) {
    if (label.trim() !== file) continue;
    const href = /\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(attributes);
    return (href?.[1] ?? href?.[2])?.replaceAll('&amp;', '&');
  }
  return undefined;
}

/** fetch takes no user and password in an address: they become a header. */
function withoutCredentials(address: string): Located {
  const url = new URL(address);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '' && password === '') return { url: url.href, headers: {} };
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url: url.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

/** What went wrong in the network, in a few words. */
export function reasonOf(error: unknown): string {
  const { cause, message, name } = error as {
    cause?: { code?: string; message?: string };
    message?: string;
    name?: string;
  };
  if (name === 'TimeoutError') return 'no answer in time';
  return cause?.code ?? cause?.message ?? message ?? String(error);
}
