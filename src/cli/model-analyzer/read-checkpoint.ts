import type { GridRow } from '../../../searcher/replay/read-grid.js';
import { PerfError } from '../../core/perf-error.js';
import type { Candidate, SettingValue } from '../../core/trial.js';
import { isMapping } from './read-settings.js';

/** What a checkpoint holds of one configuration. */
interface Variant {
  readonly name: string;
  readonly settings: Candidate;
  readonly measurements: readonly unknown[];
}

/**
 * Reads the measurements of a checkpoint of Model Analyzer (`checkpoints/0.ckpt`, JSON) as a recorded grid. Dimensions are the number of instances,
 * the largest batch, whether there is a dynamic batcher and its delay, client batch and load, as far as they differ; variants that differ in
 * something else also by their names.
 *
 * @param model of which the measurements are taken; may be left out when there is only one
 * @throws PerfError `file`
 */
export function readCheckpoint(file: string, text: string, model?: string): GridRow[] {
  const refuse = (expected: string, got: string): PerfError =>
    new PerfError('file', `Cannot replay ${file}: expected ${expected}, got ${got}`);
  const results = at(parsed(text), 'ResultManager.results', '_results');
  if (!isMapping(results)) throw refuse('a checkpoint of Model Analyzer', 'another document');
  const names = Object.keys(results);
  if (model === undefined && names.length > 1) throw refuse('one model, or -m MODEL', names.join(', '));
  const variants = variantsOf(results[model ?? names[0] ?? '']);
  if (variants.length === 0) throw refuse(`measurements of ${model ?? 'a model'}`, names.join(', ') || 'none');
  const distinct = new Set(variants.map(({ settings }) => JSON.stringify(settings)));
  const isAmbiguous = distinct.size < variants.length;
  const rows = variants.flatMap(({ name, settings, measurements }) =>
    measurements.map((measurement): GridRow => {
      const parts = at(measurement, '_model_config_measurements');
      if (!Array.isArray(parts) || parts.length !== 1) throw refuse('one model at a time', 'several measured together');
      const candidate = { ...(isAmbiguous ? { model_config: name } : {}), ...settings, ...loadOf(parts[0]) };
      return {
        candidate,
        metrics: { ...metricsOf(at(measurement, '_avg_gpu_data')), ...metricsOf(at(parts[0], '_non_gpu_data')) },
      };
    }),
  );
  return withoutConstants(rows);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What lies at a path of keys, if it is there. */
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce((inside, key) => (isMapping(inside) ? inside[key] : undefined), value);

function variantsOf(model: unknown): Variant[] {
  if (!isMapping(model)) return [];
  return Object.entries(model).flatMap(([name, entry]): Variant[] => {
    if (!Array.isArray(entry) || !isMapping(entry[1])) return [];
    const runs = at(entry[0], '_model_run_configs');
    const run: unknown = Array.isArray(runs) ? runs[0] : undefined;
    const config = at(run, '_model_config') ?? at(run, '_model_config_variant', 'model_config');
    return [{ name, settings: settingsOf(config), measurements: Object.values(entry[1]) }];
  });
}

/** Fields have protobuf's names in JSON; what is left out has its default. */
function settingsOf(config: unknown): Candidate {
  const groups = at(config, 'instanceGroup');
  const counts = (Array.isArray(groups) ? groups : []).map((group) => Number(at(group, 'count') ?? 1));
  const batching = at(config, 'dynamicBatching');
  return {
    instance_count: counts.length === 0 ? 1 : counts.reduce((sum, count) => sum + count, 0),
    max_batch_size: Number(at(config, 'maxBatchSize') ?? 0),
    dynamic_batching: batching === undefined ? 0 : 1,
    max_queue_delay_microseconds: Number(at(batching, 'maxQueueDelayMicroseconds') ?? 0),
  };
}

/** Flags of perf_analyzer that are of the load. */
const loads: Readonly<Record<string, string>> = {
  'batch-size': 'batch_size',
  'concurrency-range': 'concurrency',
  'request-rate-range': 'request_rate',
};

function loadOf(part: unknown): Candidate {
  const entries = Object.entries(loads).flatMap(([flag, name]): [string, SettingValue][] => {
    const value = at(part, '_model_specific_pa_params', flag);
    return value === undefined || value === null ? [] : [[name, Number(value)]];
  });
  return Object.fromEntries(entries);
}

/** Pairs of a tag and its record. */
function metricsOf(records: unknown): Readonly<Record<string, number>> {
  const entries = (Array.isArray(records) ? records : []).flatMap((record): [string, number][] => {
    const value = Array.isArray(record) ? at(record[1], '_value') : undefined;
    return typeof value === 'number' ? [[String((record as readonly unknown[])[0]), value]] : [];
  });
  return Object.fromEntries(entries);
}

/** A dimension with one value says nothing; a load stays, so that a candidate has one. */
function withoutConstants(rows: readonly GridRow[]): GridRow[] {
  const names = [...new Set(rows.flatMap(({ candidate }) => Object.keys(candidate)))];
  const kept = names.filter(
    (name) =>
      name === 'concurrency' ||
      name === 'request_rate' ||
      new Set(rows.map(({ candidate }) => candidate[name])).size > 1,
  );
  return rows.map(({ candidate, metrics }) => ({
    candidate: Object.fromEntries(Object.entries(candidate).filter(([name]) => kept.includes(name))),
    metrics,
  }));
}
