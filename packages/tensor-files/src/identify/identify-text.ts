import { type FileKind, plainKind, shown } from './file-kind.js';

/**
 * What a text is: a pointer in place of a file, a page or message of a server.
 *
 * @param head - the file's first bytes.
 * @returns undefined when it is no text.
 */
export function identifyText(head: Uint8Array): FileKind | undefined {
  const text = textOf(head);
  if (text === undefined) return undefined;
  const start = text.trimStart();
  const low = start.slice(0, 512).toLowerCase();

  if (/^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\//.test(start)) return lfsPointer(start);
  if (/^\/annex\/objects\//.test(start)) return plainKind('git-annex-pointer');
  if (/^(outs:|md5: |deps:)/.test(start) && /\bpath: /.test(start)) return plainKind('dvc-pointer');
  if (
    /^(<!doctype html|<html|<head|<body|<script|<title)/.test(low) ||
    (low.startsWith('<!--') && low.includes('<html'))
  )
    return page(start);
  if (/^<(\?xml|error|svg|[a-z]+ xmlns)/.test(low))
    return {
      kind: 'xml',
      what: `an XML text (${shown(start)})`,
      remedy:
        'If a server answered so, the address was wrong or is not for everybody: check it and download the file itself',
    };
  if (/^[{[]/.test(start)) return jsonKind(start);
  return {
    kind: 'text',
    what: `a text (${shown(start)})`,
    remedy: 'If a server answered so, check the address and download the file itself',
  };
}

/** Text of UTF-8, of which the last character may be cut; undefined for bytes of another kind. */
function textOf(head: Uint8Array): string | undefined {
  if (head.length === 0) return undefined;
  const text = new TextDecoder('utf-8').decode(head).replace(/\ufffd{1,3}$/, '');
  // Control characters other than tabs, line breaks and form feeds are no text.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\u0000-\u0008\u000e-\u001f\u007f\ufffd]/.test(text) ? undefined : text;
}

function lfsPointer(text: string): FileKind {
  const size = /^size (\d+)$/m.exec(text)?.[1];
  return {
    kind: 'git-lfs-pointer',
    what: `a Git LFS pointer${size === undefined ? '' : ` to a file of ${size} bytes that was not fetched`}`,
    remedy: 'Run "git lfs install" and "git lfs pull" in its clone, or download the file itself',
  };
}

function page(text: string): FileKind {
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1];
  return {
    kind: 'html',
    what: `an HTML page${title === undefined ? '' : ` (${shown(title)})`}`,
    remedy:
      'A server sent it in place of the file: open the address in a browser, sign in or accept what it asks, and download the file itself',
  };
}

function jsonKind(text: string): FileKind {
  if (/"weight_map"\s*:/.test(text))
    return {
      kind: 'checkpoint-index',
      what: 'the index of a checkpoint in several files',
      remedy: 'Take the files that it lists, or a checkpoint that is one file',
    };
  if (/"modelTopology"\s*:|"weightsManifest"\s*:/.test(text))
    return {
      kind: 'json',
      what: 'a model of TensorFlow.js',
      remedy: 'Load it with TensorFlow.js, and save its weights',
    };
  if (/"(error|errors|message|detail|status|statusCode|code)"\s*:/i.test(text))
    return {
      kind: 'json-message',
      what: `a server's message in JSON (${shown(text)})`,
      remedy: 'Check the address, sign in where it needs that, and download the file itself',
    };
  return { kind: 'json', what: `a JSON text (${shown(text)})`, remedy: 'Take the file of the values themselves' };
}
