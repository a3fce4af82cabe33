/** Name of the TensorFlow.js backend; its kernels are registered under it. */
export const BACKEND = 'tensorflow';
