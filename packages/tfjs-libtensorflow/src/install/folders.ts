import { cacheFolder as folderOf } from '@edm2/wheels/folders';

/** Environment variable that names the folder of installations. */
export const FOLDER_VARIABLE = 'TFJS_LIBTENSORFLOW_DIR';

/** The folder that installations are kept in: `TFJS_LIBTENSORFLOW_DIR`, else one in the user's cache. */
export const cacheFolder = (env?: NodeJS.ProcessEnv, platform?: string): string =>
  folderOf({ name: 'tfjs-libtensorflow', variable: FOLDER_VARIABLE }, env, platform);

/** File names of the C library, newest naming first. */
export const LIBRARY_FILES = ['libtensorflow_cc.so.2', 'libtensorflow_cc.2.dylib'] as const;
