/** The form of a value in Model Analyzer's YAML, or of a flag of its `profile`. */
export type KeyForm = 'text' | 'texts' | 'integer' | 'integers' | 'number' | 'switch' | 'mapping' | 'any';

export interface ConfigKey {
  readonly form: KeyForm;
  /** One letter, as a flag. */
  readonly short?: string;
  /** Only in a file, or only on the command line. */
  readonly only?: 'file' | 'flag';
  /** Why it changes nothing here. */
  readonly unused?: string;
}

const gpu = 'GPUs are measured by the server that has them';
const perfAnalyzer = 'no perf_analyzer is started';
const docker = 'no container is started';
const reports = 'reports are made of search.json';
const strategy = 'the strategies here end by themselves';
const columns = 'names and columns of the tables are fixed';

const unused = (form: KeyForm, reason: string, more: Partial<ConfigKey> = {}): ConfigKey => ({
  form,
  unused: reason,
  ...more,
});

const text: ConfigKey = { form: 'text' };
const integer: ConfigKey = { form: 'integer' };
const flag: ConfigKey = { form: 'switch' };

/** What a file of `profile` may hold at its top, and what `profile` takes as flags with dashes for underscores. */
export const configKeys: Readonly<Record<string, ConfigKey>> = {
  config_file: { form: 'text', short: 'f', only: 'flag' },
  model_repository: { form: 'text', short: 'm' },
  profile_models: { form: 'any' },
  objectives: { form: 'any', only: 'file' },
  constraints: { form: 'mapping', only: 'file' },
  perf_analyzer_flags: { form: 'mapping', only: 'file' },
  triton_server_flags: { form: 'mapping', only: 'file' },
  triton_server_environment: { form: 'mapping', only: 'file' },
  latency_budget: { form: 'number' },
  min_throughput: { form: 'number' },
  concurrency: { form: 'integers', short: 'c' },
  request_rate: { form: 'integers' },
  batch_sizes: { form: 'integers', short: 'b' },
  client_protocol: text,
  triton_launch_mode: text,
  triton_server_path: text,
  triton_http_endpoint: text,
  triton_grpc_endpoint: text,
  export_path: { form: 'text', short: 'e' },
  output_model_repository_path: text,
  override_output_model_repository: flag,
  checkpoint_directory: { form: 'text', short: 's' },
  run_config_search_mode: text,
  run_config_search_min_concurrency: integer,
  run_config_search_max_concurrency: integer,
  run_config_search_min_request_rate: integer,
  run_config_search_max_request_rate: integer,
  run_config_search_min_model_batch_size: integer,
  run_config_search_max_model_batch_size: integer,
  run_config_search_min_instance_count: integer,
  run_config_search_max_instance_count: integer,
  run_config_search_disable: flag,
  run_config_profile_models_concurrently_enable: flag,
  request_rate_search_enable: flag,
  optuna_max_trials: integer,
  model_type: text,
  bls_composing_models: { form: 'any' },
  ensemble_composing_models: { form: 'any' },
  cpu_only_composing_models: { form: 'texts' },
  reload_model_disable: flag,
  client_max_retries: unused('integer', 'a server that does not answer ends the search', { short: 'r' }),
  duration_seconds: unused('integer', 'the idle server is looked at once', { short: 'd' }),
  monitoring_interval: unused('number', gpu, { short: 'i' }),
  collect_cpu_metrics: unused('switch', 'memory and CPU of a launched server are always measured'),
  gpus: unused('texts', gpu),
  dcgm_disable: unused('switch', gpu),
  always_report_gpu_metrics: unused('switch', gpu),
  triton_metrics_url: unused('text', gpu),
  skip_summary_reports: unused('switch', reports),
  skip_detailed_reports: unused('switch', reports),
  perf_analyzer_path: unused('text', perfAnalyzer),
  perf_analyzer_timeout: unused('integer', perfAnalyzer),
  perf_analyzer_cpu_util: unused('number', perfAnalyzer),
  perf_analyzer_max_auto_adjusts: unused('integer', perfAnalyzer),
  perf_output: unused('switch', perfAnalyzer),
  perf_output_path: unused('text', perfAnalyzer),
  genai_perf_flags: unused('mapping', 'no genai-perf is started', { only: 'file' }),
  weighting: unused('integer', 'a weight is that of one model', { only: 'file' }),
  triton_docker_image: unused('text', docker),
  triton_docker_mounts: unused('texts', docker),
  triton_docker_labels: unused('mapping', docker, { only: 'file' }),
  triton_docker_args: unused('mapping', docker, { only: 'file' }),
  triton_docker_shm_size: unused('text', docker),
  triton_install_path: unused('text', 'the C API is not used'),
  triton_output_path: unused('text', 'the log of a launched server is shown with -v'),
  run_config_search_max_binary_search_steps: unused('integer', strategy),
  early_exit_enable: unused('switch', strategy),
  min_percentage_of_search_space: unused('integer', strategy),
  max_percentage_of_search_space: unused('integer', strategy),
  optuna_min_trials: unused('integer', strategy),
  optuna_early_exit_threshold: unused('integer', strategy),
  use_concurrency_formula: unused('switch', 'the load is searched'),
  concurrency_sweep_disable: unused('switch', 'the load is searched'),
  num_configs_per_model: unused('integer', 'three finalists are decided on'),
  num_top_model_configs: unused('integer', 'three finalists are decided on'),
  filename_model_inference: unused('text', columns),
  filename_model_gpu: unused('text', columns),
  filename_server_only: unused('text', columns),
  inference_output_fields: unused('texts', columns),
  gpu_output_fields: unused('texts', columns),
  server_output_fields: unused('texts', columns),
};

/** What a model's entry in `profile_models` may hold. */
export const modelKeys: Readonly<Record<string, ConfigKey>> = {
  cpu_only: unused('switch', 'instances keep the kind that they have'),
  parameters: { form: 'mapping' },
  objectives: { form: 'any' },
  constraints: { form: 'mapping' },
  model_config_parameters: { form: 'mapping' },
  perf_analyzer_flags: { form: 'mapping' },
  triton_server_flags: { form: 'mapping' },
  triton_server_environment: { form: 'mapping' },
  weighting: { form: 'number' },
  genai_perf_flags: unused('mapping', 'no genai-perf is started'),
  triton_docker_args: unused('mapping', docker),
};

/** What `parameters` of a model may hold. */
export const parameterKeys: Readonly<Record<string, ConfigKey>> = {
  batch_sizes: { form: 'integers' },
  concurrency: { form: 'integers' },
  request_rate: { form: 'integers' },
};
