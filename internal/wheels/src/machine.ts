import { release } from 'node:os';

/** What of a machine decides whether pinned builds run on it. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Version of glibc; undefined where the C library is another. */
  readonly glibc: string | undefined;
  /** Kernel release, which tells macOS versions apart. */
  readonly release: string;
  readonly node: string;
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: report?.header?.glibcVersionRuntime,
    release: release(),
    node: process.versions.node,
  };
}

/** Whether a glibc is at least 2.`minor`. */
export function isGlibcAtLeast(glibc: string, minor: number): boolean {
  const [major = 0, own = 0] = glibc.split('.').map(Number);
  return major > 2 || (major === 2 && own >= minor);
}
