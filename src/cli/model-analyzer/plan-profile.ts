import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { doublings } from '../../../searcher/load-search.js';
import { PerfError } from '../../core/perf-error.js';
import type { Candidate } from '../../core/trial.js';
import type { ServerLaunch } from '../embedded-server.js';
import type { SearchLoads, Variations } from '../search/live-space.js';
import { composingArguments } from './composing-arguments.js';
import { expandParameters } from './expand-parameters.js';
import { goalArguments } from './goal-arguments.js';
import { perfAnalyzerArguments, serverArguments } from './pass-flags.js';
import type { ModelEntry, ProfileSettings } from './profile-settings.js';

/** The search of one model, as `profile` asks for it. */
export interface ModelSearch {
  readonly modelName: string;
  /** Flags of `search`. */
  readonly args: readonly string[];
  readonly loads: SearchLoads;
  /** What varies when no parameters of the configuration are given, as far as it applies to the model. */
  readonly usual: Variations | undefined;
  /** Of `model_config_parameters`. */
  readonly combinations: readonly Candidate[] | undefined;
  readonly launch: ServerLaunch;
  /** Beside the other models. */
  readonly weight: number;
}

const strategies: Readonly<Record<string, string>> = { brute: 'brute', quick: 'quick', optuna: 'bayes' };

/**
 * What a file of Model Analyzer asks for, as flags of `search`.
 *
 * @throws PerfError `usage` for what cannot be done here
 */
export function planProfile(settings: ProfileSettings): ModelSearch[] {
  refuseForeign(settings);
  if (settings.values['run_config_profile_models_concurrently_enable'] !== true || settings.models.length === 1) {
    return settings.models.map((model) => planModel(settings, model));
  }
  const all = planModel(settings, concurrentModels(settings));
  return [{ ...all, args: [...all.args, '--together'] }];
}

/** All of them as one entry, whose name is what `-m` takes: weights are shares of the requests. */
function concurrentModels(settings: ProfileSettings): ModelEntry {
  const [first, ...others] = settings.models.map(({ values: { weighting: _, ...values }, ...rest }) => ({
    ...rest,
    values,
  }));
  if (first === undefined) throw new Error('there is at least one model');
  const other = others.find(({ values }) => !isDeepStrictEqual(values, first.values));
  if (other !== undefined) {
    throw new PerfError(
      'usage',
      `Cannot use run_config_profile_models_concurrently_enable: expected the same for all models but for weighting, got profile_models.${first.name} and profile_models.${other.name}`,
    );
  }
  const names = settings.models.map((model) => `${escaped(model.name)}=${weightOf(settings, model)}`);
  return { ...first, name: names.join(',') };
}

const escaped = (name: string): string => name.replace(/[\\,=]/g, '\\$&');

function planModel(settings: ProfileSettings, model: ModelEntry): ModelSearch {
  const { values, file } = settings;
  const loads = loadsOf(settings, model);
  const batchSizes = (model.parameters['batch_sizes'] ?? values['batch_sizes'] ?? [1]) as readonly number[];
  const range = `${Math.min(...loads.values)}:${Math.max(...loads.values)}`;
  const parameters = model.values['model_config_parameters'];
  const place = `profile_models.${model.name}.model_config_parameters`;
  const passed = perfAnalyzerArguments(model.values['perf_analyzer_flags'] ?? values['perf_analyzer_flags'], settings);
  return {
    modelName: model.name,
    args: [
      ...['-m', model.name, `--${loads.name === 'concurrency' ? 'concurrency' : 'request-rate'}-range`, range],
      ...['-b', `${batchSizes[0]}`, ...(batchSizes.length > 1 ? ['--vary', `batch_size=${batchSizes.join(',')}`] : [])],
      ...serverChoice(settings, passed),
      ...strategyChoice(settings),
      ...goalArguments(settings, model),
      ...composingArguments(settings),
      ...['--journal', join(String(values['checkpoint_directory'] ?? 'checkpoints'), `${model.name}.jsonl`)],
      ...variantChoice(settings, model),
      ...passed,
    ],
    loads,
    usual: parameters === undefined ? usualOf(settings) : undefined,
    combinations: parameters === undefined ? undefined : expandParameters(parameters, file, place),
    launch: serverArguments(settings, model),
    weight: weightOf(settings, model),
  };
}

function weightOf({ file }: ProfileSettings, { name, values }: ModelEntry): number {
  const weight = Number(values['weighting'] ?? 1);
  if (weight > 0) return weight;
  throw new PerfError(
    'usage',
    `Cannot read ${file}: expected a number above 0 at profile_models.${name}.weighting, got ${weight}`,
  );
}

function refuseForeign({ values }: ProfileSettings): void {
  const refuse = (key: string, expected: string, got: unknown): PerfError =>
    new PerfError('usage', `Cannot use ${key}: expected ${expected}, got ${JSON.stringify(got)}`);
  const {
    triton_launch_mode: mode = 'local',
    model_type: type = 'generic',
    client_protocol: protocol = 'grpc',
  } = values;
  if (mode !== 'local' && mode !== 'remote') throw refuse('triton_launch_mode', 'local or remote', mode);
  if (type !== 'generic') throw refuse('model_type', 'generic', type);
  if (protocol !== 'grpc' && protocol !== 'http') throw refuse('client_protocol', 'grpc or http', protocol);
  const searchMode = values['run_config_search_mode'];
  if (searchMode !== undefined && strategies[String(searchMode)] === undefined) {
    throw refuse('run_config_search_mode', 'brute, quick or optuna', searchMode);
  }
  const { reload_model_disable: keeps } = values;
  if (keeps !== undefined && keeps !== false) {
    throw refuse('reload_model_disable', 'a server that loads configurations', keeps);
  }
}

function serverChoice({ values }: ProfileSettings, passed: readonly string[]): string[] {
  const { client_protocol: protocol = 'grpc', model_repository: repository } = values;
  const isRemote = values['triton_launch_mode'] === 'remote';
  const url =
    protocol === 'grpc'
      ? (values['triton_grpc_endpoint'] ?? 'localhost:8001')
      : (values['triton_http_endpoint'] ?? 'localhost:8000');
  const { triton_server_path: program } = values;
  const launched =
    program === undefined
      ? ['--service-kind', 'embedded']
      : ['--service-kind', 'local', '--triton-server-path', String(program)];
  const where = isRemote ? ['-u', String(url)] : launched;
  return [
    ...(passed.some((flag) => flag.startsWith('--protocol=')) ? [] : ['-i', String(protocol)]),
    ...where,
    ...(isRemote || repository === undefined ? [] : ['--model-repository', String(repository)]),
  ];
}

function strategyChoice({ values }: ProfileSettings): string[] {
  const mode = values['run_config_search_mode'];
  const most = values['optuna_max_trials'];
  return [
    ...(mode === undefined ? [] : ['--strategy', strategies[String(mode)] ?? '']),
    ...(most === undefined || mode !== 'optuna' ? [] : ['--max-measurements', `${most}`]),
  ];
}

/** Of several models each has a folder of its own. */
function variantChoice({ values, models }: ProfileSettings, { name }: ModelEntry): string[] {
  const { output_model_repository_path: path, override_output_model_repository: overrides } = values;
  if (path === undefined) return [];
  return [
    ...['--output-model-repository', models.length === 1 ? String(path) : join(String(path), name)],
    ...(overrides === true ? ['--override-output-model-repository'] : []),
  ];
}

/** A list if there is one, otherwise doublings between the bounds of the search. */
function loadsOf(settings: ProfileSettings, { name, parameters }: ModelEntry): SearchLoads {
  const { values } = settings;
  const concurrency = parameters['concurrency'] ?? (parameters['request_rate'] ? undefined : values['concurrency']);
  const rate = parameters['request_rate'] ?? (parameters['concurrency'] ? undefined : values['request_rate']);
  if (concurrency !== undefined && rate !== undefined) {
    throw new PerfError('usage', `Cannot profile ${name}: expected concurrency or request_rate, got both`);
  }
  if (concurrency !== undefined) return exactly('concurrency', concurrency);
  if (rate !== undefined) return exactly('request_rate', rate);
  if (values['run_config_search_disable'] === true) return { name: 'concurrency', values: [1] };
  const isOpen =
    values['request_rate_search_enable'] === true ||
    ['min', 'max'].some((end) => values[`run_config_search_${end}_request_rate`] !== undefined);
  return isOpen
    ? { name: 'request_rate', values: boundedDoublings(settings, 'request_rate', 16, 8192) }
    : { name: 'concurrency', values: boundedDoublings(settings, 'concurrency', 1, 1024) };
}

const exactly = (name: SearchLoads['name'], values: unknown): SearchLoads => ({
  name,
  values: (values as readonly number[]).toSorted((left, right) => left - right),
  isExact: true,
});

/** From the lower bound by doubling up to the upper one, both included. */
function boundedDoublings({ values }: ProfileSettings, what: string, low: number, high: number): number[] {
  return doublings(...boundsOf(values, what, low, high));
}

function boundsOf(
  values: ProfileSettings['values'],
  what: string,
  low: number,
  high: number,
): [min: number, max: number] {
  const [minKey, maxKey] = [`run_config_search_min_${what}`, `run_config_search_max_${what}`];
  const [min, max] = [Number(values[minKey] ?? low), Number(values[maxKey] ?? high)];
  if (min < 1 || max < min) {
    throw new PerfError('usage', `Cannot use ${minKey} and ${maxKey}: expected 1 <= min <= max, got ${min} and ${max}`);
  }
  return [min, max];
}

/** Model Analyzer's own search: instances one by one, largest batches by doubling. */
function usualOf(settings: ProfileSettings): Variations {
  if (settings.values['run_config_search_disable'] === true) return new Map();
  const [least, most] = boundsOf(settings.values, 'instance_count', 1, 5);
  return new Map([
    ['instance_count', Array.from({ length: most - least + 1 }, (_, index) => least + index)],
    ['max_batch_size', boundedDoublings(settings, 'model_batch_size', 1, 128)],
  ]);
}
