/** A file of the Python package index, known to the byte. */
export interface Wheel {
  readonly project: string;
  readonly version: string;
  /** Tags after project and version: Python, ABI, platform. */
  readonly tags: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A wheel as a catalogue writes it down. */
export type WheelRow = readonly [project: string, version: string, tags: string, sha256: string, bytes: number];

export const wheel = ([project, version, tags, sha256, bytes]: WheelRow): Wheel => ({
  project,
  version,
  tags,
  sha256,
  bytes,
});

/** Name of the wheel's file. */
export const fileName = ({ project, version, tags }: Wheel): string =>
  `${project.replaceAll('-', '_')}-${version}-${tags}.whl`;
