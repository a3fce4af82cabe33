import { siblingCommand } from '@edm2/command/typed';
import { type MetricChoice, type MetricKey, needsOf } from '@edm2/fid';
import { isStatisticsFile } from '@edm2/fid/node';
import { OptionError, type Words } from '../words.js';
import type { Collected, CollectOptions } from './collect.js';
import type { FeatureNetwork } from './feature-network.js';
import { type Reference, readReference } from './reference-file.js';

/** Refuses metrics that do not go with a feature network. @throws {OptionError} */
export function expectNetwork(
  { metrics, networks }: MetricChoice,
  { name, classes }: Pick<FeatureNetwork, 'name' | 'classes'>,
  words: Words,
): void {
  const odd = networks.find((each) => each !== name);
  if (odd !== undefined)
    throw new OptionError(
      `${words.head('metrics')}: expected figures on the features of ${name}, got one that is defined on those of ${odd}. Give its weights as ${words.name('features')}, or ask for fd, the distance on any features.`,
    );
  if (needsOf(metrics).has('logits') && classes === undefined)
    throw new OptionError(
      `${words.head('metrics')}: expected a feature network that classifies for is, got ${name}. Give Inception's weights as ${words.name('features')}.`,
    );
}

/** How {@link openReference} speaks, and looks at images. */
export interface OpenReferenceOptions {
  readonly words: Words;
  /** Features of the real images at a path. */
  readonly look: (path: string, keep: CollectOptions) => Promise<Collected>;
}

/**
 * Real images as the network sees them: statistics that a file holds, or what is looked at now.
 *
 * @throws {OptionError} (rejects) when a metric compares images and there are statistics only.
 */
export async function openReference(
  path: string,
  network: FeatureNetwork,
  metrics: readonly MetricKey[],
  { words, look }: OpenReferenceOptions,
): Promise<Reference> {
  const comparing = metrics.filter((name) => needsOf([name]).has('realFeatures'));
  if (!(await isStatisticsFile(path))) {
    const { n, statistics, features } = await look(path, { features: comparing.length > 0 });
    return { ...statistics, n, ...(features ? { features } : {}) };
  }
  const reference = await readReference(path, network);
  if (comparing.length === 0 || reference.features) return reference;
  const keep = siblingCommand('evaluate', ['metrics', 'ref', '--keep-features']);
  throw new OptionError(
    `${words.head('reference')}: expected real images, or statistics with their features, for ${comparing.join(', ')}, got statistics alone (${path}). Name the images, or make the file with: ${keep}`,
  );
}
