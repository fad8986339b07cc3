import type { SearchVariant } from '../../core/search-result.js';
import { type Candidate, candidateKey, withoutLoad } from '../../core/trial.js';
import type { InstanceGroup, ModelConfig } from '../../protocol/model-config.js';
import { applyCandidate } from './apply-candidate.js';

/**
 * The configurations of candidates by Model Analyzer's names: the one that was there is `_config_default`, the others are numbered in the order
 * in which they come. Candidates that differ in their loads only, or make the same configuration, share a name.
 */
export function nameVariants(
  modelName: string,
  { config, composing }: { readonly config: ModelConfig; readonly composing: ReadonlyMap<string, ModelConfig> },
  candidates: readonly Candidate[],
): SearchVariant[] {
  const textOf = (wanted: ModelConfig, settings: Candidate): string =>
    JSON.stringify([wanted, ...[...composing].map(([name, own]) => applyCandidate(own, settings, name))]);
  const names = new Map([[textOf(config, {}), `${modelName}_config_default`]]);
  const variants = new Map<string, SearchVariant>();
  for (const candidate of candidates) {
    const settings = withoutLoad(candidate);
    const key = candidateKey(settings);
    if (variants.has(key)) continue;
    const wanted = applyCandidate(config, settings);
    const text = textOf(wanted, settings);
    const name = names.get(text) ?? `${modelName}_config_${names.size - 1}`;
    names.set(text, name);
    const { instance_group: groups, max_batch_size: maxBatchSize } = wanted;
    variants.set(key, { name, settings, instanceGroup: groups.map(groupText).join(' + '), maxBatchSize });
  }
  return [...variants.values()];
}

const groupText = ({ count, kind }: InstanceGroup): string => `${count}:${kind.replace('KIND_', '')}`;
