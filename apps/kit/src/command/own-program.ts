let program: URL | undefined;

/** Says which module may be started as a thread that converts images: the program's own, whose first lines look what it was started for. */
export function useConvertProgram(url: URL): void {
  program = url;
}

/** That module; undefined where there is none, as in tests. */
export const convertProgram = (): URL | undefined => program;
