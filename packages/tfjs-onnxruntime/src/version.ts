import { env } from 'onnxruntime-node';

/** Version of the installed ONNX Runtime. */
export const version: string = env.versions.node ?? env.versions.common;
