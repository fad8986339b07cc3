import type { Observed } from '../../../searcher/plan/foresee.js';
import { createTrialStore } from '../../../searcher/trial-store.js';
import type { Load } from '../../core/load.js';
import { PerfError } from '../../core/perf-error.js';
import type { Run } from '../../core/run.js';
import type { SearchResult } from '../../core/search-result.js';
import { type Candidate, candidateKey } from '../../core/trial.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { modelConfigFromJson } from '../../protocol/model-config-codec.js';
import { createDocumentReader } from '../read-run.js';
import { applyCandidate } from './apply-candidate.js';
import { trialOfLevel } from './trial-of-level.js';

/** What was measured of a model, by configuration and load. */
export interface ObservedModel {
  readonly model: string;
  readonly observed: readonly Observed[];
}

/**
 * Reads what a run or a search measured. Levels that were invalid are left out.
 *
 * @throws PerfError `file` for another document
 */
export function readObserved(file: string): ObservedModel {
  const document = createDocumentReader('run', 'search').read(file);
  return document.format === 'perf-analyze/run' ? ofRun(document, file) : ofSearch(document);
}

function ofRun({ levels, model, settings }: Run, file: string): ObservedModel {
  if (settings.models !== undefined) {
    throw new PerfError('file', `Cannot plan from ${file}: expected a run of one model, got ${settings.modelName}`);
  }
  const config = configOf(model.config);
  const batch: Candidate = settings.batchSize === 1 ? {} : { batch_size: settings.batchSize };
  const known = config === undefined ? {} : { ...shownSettings(config), ...batch };
  const observed = levels.flatMap((level): Observed[] => {
    if (level.verdict.kind === 'invalid') return [];
    const trial = trialOfLevel({ ...simulatedSettings(config), ...batch, ...loadOf(level.load) }, level, 0);
    return trial.ok ? [{ settings: known, candidate: trial.candidate, metrics: trial.metrics }] : [];
  });
  return { model: settings.modelName, observed };
}

function loadOf(load: Load): Candidate {
  if (load.kind === 'concurrency') return { concurrency: load.concurrency };
  return load.kind === 'request-rate' ? { request_rate: load.requestsPerSecond } : {};
}

/** The mean of all that was measured of a candidate; finalists were measured longer and count as they are. */
function ofSearch({ model, config: json, trials, finalists }: SearchResult): ObservedModel {
  const store = createTrialStore();
  trials.forEach(store.add);
  const config = configOf(json);
  const decided = new Map(finalists.map(({ candidate, metrics }) => [candidateKey(candidate), metrics]));
  const observed = store.all().flatMap(({ candidate, mean }): Observed[] => {
    const metrics = decided.get(candidateKey(candidate)) ?? mean;
    if (metrics === undefined) return [];
    const { concurrency: _, request_rate: __, ...settings } = candidate;
    const applied = config === undefined ? undefined : applyCandidate(config, settings);
    return [{ settings, candidate: { ...candidate, ...simulatedSettings(applied) }, metrics }];
  });
  return { model, observed };
}

const configOf = (json: unknown): ModelConfig | undefined =>
  json === undefined ? undefined : modelConfigFromJson(json);

function shownSettings({
  instance_group: groups,
  max_batch_size: largest,
  dynamic_batching: batching,
}: ModelConfig): Candidate {
  return {
    instance_count: groups.reduce((sum, { count }) => sum + count, 0),
    max_batch_size: largest,
    ...(batching === undefined ? {} : { max_queue_delay_microseconds: batching.max_queue_delay_microseconds }),
  };
}

/** Without dynamic batching requests are executed one by one. */
function simulatedSettings(config: ModelConfig | undefined): Candidate {
  if (config === undefined) return {};
  const { instance_count: instances, ...shown } = shownSettings(config);
  return {
    ...shown,
    instance_count: Math.max(1, Number(instances)),
    max_batch_size: config.dynamic_batching === undefined ? 1 : Math.max(1, config.max_batch_size),
  };
}
