export { type FileSystemOptions, fileSystem } from './file-system.js';
export { registerFileSystem } from './register.js';
