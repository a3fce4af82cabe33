import { existsSync } from 'node:fs';
import { io } from '@tensorflow/tfjs-core';
import { type FileSystemOptions, fileSystem } from './file-system.js';

const SCHEME = 'file://';

/**
 * Lets `file://` stand wherever TensorFlow.js takes a URL, as importing tfjs-node does: `model.save('file://./mine')`,
 * `tf.loadLayersModel('file://./mine/model.json')`, `tf.loadGraphModel(…)`. What follows the slashes is a path, absolute or not; a URL of
 * `pathToFileURL` is understood too. Nothing is registered at import. Calling it again, or beside tfjs-node, changes nothing.
 *
 * @throws {RangeError} as `fileSystem`.
 */
export function registerFileSystem(options: FileSystemOptions = {}): void {
  fileSystem('.', options); // checks them
  const route = (url: string | string[]): io.IOHandler =>
    typeof url === 'string' && url.startsWith(SCHEME)
      ? fileSystem(pathOf(url), options)
      : (null as unknown as io.IOHandler); // a router's word for: not mine
  const probe = `${SCHEME}probe`;
  if (io.getLoadHandlers(probe).length === 0) io.registerLoadRouter(route);
  if (io.getSaveHandlers(probe).length === 0) io.registerSaveRouter(route);
}

/** tfjs-node's URLs are paths behind the scheme, with nothing escaped; the language's own escape and have a slash before a drive. */
function pathOf(url: string): string {
  const path = url.slice(SCHEME.length).replace(/^\/([A-Za-z]:)/, '$1');
  if (existsSync(path)) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
