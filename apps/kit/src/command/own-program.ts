let program: URL | undefined;

/** Says which module may be started as a further thread or process of this program: its own, whose first lines look what it was started for. */
export function useOwnProgram(url: URL): void {
  program = url;
}

/** That module; undefined where there is none, as in tests. */
export const ownProgram = (): URL | undefined => program;
