/** Name of the TensorFlow.js backend. */
export const BACKEND = 'xla';
