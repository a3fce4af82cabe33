/** What tables of errors say of the weights' sum. */
export const normalizing = (normalize: boolean): string =>
  normalize
    ? "The weights are divided by their sum, so that a tensor that did not change in training stays as it is. The paper's Algorithm 3 does not divide (--no-normalize)."
    : "The weights are as the paper's Algorithm 3 gives them, not divided by their sum.";
