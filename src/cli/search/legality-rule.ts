import type { Rule } from '../../../searcher/space/space.js';
import { messageOf } from '../../core/perf-error.js';
import { type Candidate, candidateKey, withoutLoad } from '../../core/trial.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { applyCandidate } from './apply-candidate.js';
import { settingsOf } from './model-settings.js';

/** What is known of the machine that serves. */
export interface ServingMachine {
  readonly cores: number;
  readonly hasGpus: boolean;
}

export interface LegalityOptions {
  readonly config: ModelConfig;
  /** Of the models that work within it. */
  readonly composing?: ReadonlyMap<string, ModelConfig>;
  /** Those among them that get requests of their own. */
  readonly beside?: readonly string[];
  /** Inferences in a request, unless that varies. */
  readonly batchSize: number;
  /** `undefined`: not known, so that nothing is left out for its sake. */
  readonly machine: ServingMachine | undefined;
}

/** Says why a candidate cannot work, or would only be slower than another, before anything is measured. */
export function legalityRule({ config, composing = new Map(), beside = [], ...common }: LegalityOptions): Rule {
  const { batchSize, machine } = common;
  const rules = [...composing].map(([name, own]) => {
    const rule = ruleOfModel({ config: own, batchSize: beside.includes(name) ? batchSize : 1, machine }, name);
    return (candidate: Candidate) => {
      const reason = rule(candidate);
      return reason === undefined ? undefined : `${name}: ${reason}`;
    };
  });
  const all = [ruleOfModel({ config, batchSize, machine }), ...rules];
  return (candidate) => all.map((rule) => rule(candidate)).find((reason) => reason !== undefined);
}

function ruleOfModel({ config, batchSize, machine }: LegalityOptions, model?: string): Rule {
  const known = new Map<string, ModelConfig | string>();
  const configOf = (candidate: Candidate): ModelConfig | string => {
    const settings = settingsOf(withoutLoad(candidate), model);
    const key = candidateKey(settings);
    const found = known.get(key) ?? applied(config, settings);
    known.set(key, found);
    return found;
  };
  return (candidate) => {
    const wanted = configOf(candidate);
    if (typeof wanted === 'string') return wanted;
    const requestBatch = Number(candidate['batch_size'] ?? batchSize);
    return whyNotBatched(wanted, requestBatch) ?? (machine === undefined ? undefined : whyNotHere(wanted, machine));
  };
}

function applied(config: ModelConfig, settings: Candidate): ModelConfig | string {
  try {
    return applyCandidate(config, settings);
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function whyNotBatched(config: ModelConfig, requestBatch: number): string | undefined {
  const { max_batch_size: largest, dynamic_batching: batching } = config;
  if (requestBatch > Math.max(1, largest)) {
    return `requests of ${requestBatch} inferences are above max_batch_size ${largest}`;
  }
  const preferred = Math.max(0, ...(batching?.preferred_batch_size ?? []));
  return preferred > largest ? `preferred_batch_size ${preferred} is above max_batch_size ${largest}` : undefined;
}

function whyNotHere(config: ModelConfig, { cores, hasGpus }: ServingMachine): string | undefined {
  const onCpu = config.instance_group.filter(({ kind }) => kind !== 'KIND_GPU');
  if (!hasGpus && onCpu.length < config.instance_group.length) return 'KIND_GPU on a machine without a GPU';
  const instances = onCpu.reduce((sum, { count }) => sum + count, 0);
  const threads = Number(config.parameters['intra_op_thread_count']?.string_value ?? 1);
  return instances * threads > cores
    ? `${instances} instances with ${threads} threads each are more than the ${cores} cores`
    : undefined;
}
