/** Paths, from the root, of tests that are the same whether packages are built or not. */
export declare function sourceTests(): string[];
