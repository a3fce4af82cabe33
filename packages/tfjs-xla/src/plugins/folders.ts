import { cacheFolder as folderOf } from '@edm2/wheels/folders';

/** Environment variable that names the folder of installations. */
export const FOLDER_VARIABLE = 'TFJS_XLA_DIR';

/** The folder that installations are kept in: `TFJS_XLA_DIR`, else one in the user's cache. */
export const cacheFolder = (env?: NodeJS.ProcessEnv, platform?: string): string =>
  folderOf({ name: 'tfjs-xla', variable: FOLDER_VARIABLE }, env, platform);
