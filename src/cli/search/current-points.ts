import { isDeepStrictEqual } from 'node:util';
import type { Space } from '../../../searcher/space/space.js';
import { type Candidate, candidateKey, withoutLoad } from '../../core/trial.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { applyCandidate } from './apply-candidate.js';
import type { SearchLoads } from './live-space.js';
import type { SearchServer } from './open-search-server.js';

export interface CurrentOptions {
  readonly server: Pick<SearchServer, 'config' | 'composing' | 'kind' | 'cores'>;
  readonly load: SearchLoads['name'];
  /** Inferences in a request, unless that varies. */
  readonly batchSize: number;
}

/**
 * The candidates of a space that have the configuration which the models have now, by their loads: what is measured of the one is known of
 * the other.
 */
export function currentPoints(space: Space, { server, load, batchSize }: CurrentOptions): Map<number, Candidate> {
  const isCurrent = new Map<string, boolean>();
  const points = new Map<number, Candidate>();
  for (const candidate of space.candidates) {
    const settings = withoutLoad(candidate);
    const key = candidateKey(settings);
    const known = isCurrent.get(key) ?? changesNothing(settings, server);
    isCurrent.set(key, known);
    if (known && Number(candidate['batch_size'] ?? batchSize) === batchSize)
      points.set(Number(candidate[load]), candidate);
  }
  return points;
}

/**
 * Gives a candidate that names its load alone the settings that it has, so that it can be compared with others.
 *
 * @param points of `currentPoints`
 */
export function withSettings(
  points: ReadonlyMap<number, Candidate>,
  load: string,
): (candidate: Candidate) => Candidate {
  const [first] = points.values();
  return (candidate) => {
    if (first === undefined || Object.keys(withoutLoad(candidate)).length > 0) return candidate;
    return points.get(Number(candidate[load])) ?? { ...first, ...candidate };
  };
}

function changesNothing(settings: Candidate, { config, composing, kind, cores }: CurrentOptions['server']): boolean {
  const models = [{ own: config, name: undefined }, ...[...composing].map(([name, own]) => ({ own, name }))];
  const meant = (wanted: ModelConfig): ModelConfig =>
    kind === 'embedded' && cores !== undefined ? withThreads(wanted, cores) : wanted;
  return models.every(({ own, name }) => isDeepStrictEqual(meant(applyCandidate(own, settings, name)), meant(own)));
}

/** The embedded server shares the cores among the instances of a model that does not say how many threads it wants. */
function withThreads(config: ModelConfig, cores: number): ModelConfig {
  const name = 'intra_op_thread_count';
  if (config.backend === 'javascript' || config.parameters[name] !== undefined) return config;
  const instances = config.instance_group.reduce((sum, { count }) => sum + count, 0);
  const threads = Math.max(1, Math.floor(cores / Math.max(1, instances)));
  return { ...config, parameters: { ...config.parameters, [name]: { string_value: `${threads}` } } };
}
