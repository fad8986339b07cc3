import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type ModelSearch, planProfile } from '../../../src/cli/model-analyzer/plan-profile.js';
import { profileSettings } from '../../../src/cli/model-analyzer/profile-settings.js';
import { readSearchArguments } from '../../../src/cli/search-command.js';
import { PerfError } from '../../../src/core/perf-error.js';
import { createWorkplace } from '../../helpers/cli.js';
import { runIn } from '../../helpers/command-here.js';

function plan(yaml: string, flags: Readonly<Record<string, unknown>> = {}): ModelSearch[] {
  const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-profile-'));
  try {
    const file = join(folder, 'config.yml');
    writeFileSync(file, yaml);
    return planProfile(profileSettings(file, flags));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const planOne = (yaml: string, flags?: Readonly<Record<string, unknown>>): ModelSearch => {
  const [first] = plan(yaml, flags);
  if (first === undefined) throw new Error('there is always a model');
  return first;
};

const limitsOf = ({ args }: ModelSearch) =>
  readSearchArguments(args).wish.goal.constraints.map(({ metric, ...bounds }) => [metric.tag, bounds]);

test('planProfile searches as Model Analyzer would without any wish', (t) => {
  const { args, loads, usual, combinations } = planOne('profile_models: [mlp]');
  t.deepEqual(loads, { name: 'concurrency', values: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] });
  t.deepEqual(
    [...(usual ?? [])],
    [
      ['instance_count', [1, 2, 3, 4, 5]],
      ['max_batch_size', [1, 2, 4, 8, 16, 32, 64, 128]],
    ],
  );
  t.is(combinations, undefined);
  const { options, wish } = readSearchArguments(args);
  t.is(options.settings.protocol, 'grpc');
  t.is(wish.strategy, 'guided');
  t.is(wish.journal, 'checkpoints/mlp.jsonl');
});

test('planProfile starts from the lower bound of a load, whatever it is (D7), and stays within both (D8)', (t) => {
  const bounds = 'run_config_search_min_concurrency: 3\nrun_config_search_max_concurrency: 24';
  t.deepEqual(planOne(`profile_models: m\n${bounds}`).loads.values, [3, 6, 12, 24]);
  t.deepEqual(planOne('profile_models: m\nrun_config_search_max_concurrency: 1000').loads.values.at(-1), 1000);
});

test('planProfile takes limits of 0 and fractions (D10), a model before the top, a budget before both', (t) => {
  const yaml = `
    constraints: {perf_latency_p99: {max: 0.5}, error_rate: {max: 0}}
    profile_models: {a: {}, b: {constraints: {perf_throughput: {min: 10.5}}}}
  `;
  const [a, b] = plan(yaml);
  t.deepEqual(limitsOf(a as ModelSearch), [
    ['perf_latency_p99', { max: 0.5 }],
    ['error_rate', { max: 0 }],
  ]);
  t.deepEqual(limitsOf(b as ModelSearch), [['perf_throughput', { min: 10.5 }]]);
  t.deepEqual(limitsOf(planOne(yaml, { latency_budget: 7 })), [
    ['perf_latency_p99', { max: 7 }],
    ['error_rate', { max: 0 }],
  ]);
});

test('planProfile refuses a metric that there is not, with its place and a suggestion', (t) => {
  const refusal = (yaml: string) => {
    const { message = '', hint } = t.throws<PerfError>(() => plan(yaml), { instanceOf: PerfError }) ?? {};
    return [message.replace(/ \S*config\.yml/, ' config.yml'), hint];
  };
  t.deepEqual(refusal('profile_models: m\nobjectives: [perf_thruput]'), [
    'Cannot read config.yml: expected a metric, got objectives.perf_thruput',
    'Did you mean perf_throughput?',
  ]);
  t.deepEqual(refusal('profile_models: {m: {constraints: {perf_latency_p9: {max: 5}}}}'), [
    'Cannot read config.yml: expected a metric, got profile_models.m.constraints.perf_latency_p9',
    'Did you mean perf_latency_p90?',
  ]);
});

test('planProfile hands on strategy, loads, parameters and flags', (t) => {
  const search = planOne(`
    run_config_search_mode: optuna
    optuna_max_trials: 12
    client_protocol: http
    triton_launch_mode: remote
    triton_http_endpoint: host:9
    perf_analyzer_flags: {percentile: 95, shape: ["a:1", "b:2"], measurement-interval: 700}
    profile_models:
      m:
        objectives: {perf_throughput: 3, perf_latency_p99: 1}
        parameters: {concurrency: {start: 2, stop: 6, step: 2}, batch_sizes: "1,4"}
        model_config_parameters: {max_batch_size: [4, 8]}
  `);
  t.deepEqual(search.loads, { name: 'concurrency', values: [2, 4, 6], isExact: true });
  t.deepEqual(search.combinations, [{ max_batch_size: 4 }, { max_batch_size: 8 }]);
  const { options, wish } = readSearchArguments(search.args);
  t.is(wish.strategy, 'bayes');
  t.is(wish.maxMeasurements, 12);
  t.deepEqual([...wish.variations], [['batch_size', [1, 4]]]);
  t.deepEqual(
    wish.goal.objectives.map(({ metric, weight }) => [metric.tag, weight]),
    [
      ['perf_throughput', 3],
      ['perf_latency_p99', 1],
    ],
  );
  t.deepEqual(options.server.urls, ['host:9']);
  t.is(options.settings.measurement.percentile, 95);
  t.is(options.settings.measurement.intervalMs, 700);
  t.deepEqual(Object.keys(options.settings.shapes), ['a', 'b']);
});

test('planProfile gives each model the server flags of its own (D5)', (t) => {
  const [a, b] = plan(`
    triton_server_flags: {log-verbose: 1}
    profile_models: {a: {triton_server_flags: {exit-timeout-secs: 3}, triton_server_environment: {X: 1}}, b: {}}
  `);
  t.deepEqual(a?.launch, { flags: ['--exit-timeout-secs=3'], environment: { X: '1' } });
  t.deepEqual(b?.launch, { flags: ['--log-verbose=1'], environment: {} });
});

test('planProfile varies the models within an ensemble as their entries say, and weighs models', (t) => {
  const [whole] = plan(`
    profile_models: {whole: {weighting: 3}}
    ensemble_composing_models: {first: {model_config_parameters: {instance_group: [{kind: KIND_CPU, count: [1, 2]}]}}, second: }
    cpu_only_composing_models: [second]
  `);
  t.is(whole?.weight, 3);
  const { wish } = readSearchArguments(whole?.args ?? []);
  t.deepEqual(Object.fromEntries(wish.variations), {
    'first:instance_count': [1, 2],
    'second:instance_kind': ['KIND_CPU'],
  });
  const [caller] = plan('profile_models: m\nbls_composing_models: [one, {two: {}}]');
  const { options } = readSearchArguments(caller?.args ?? []);
  t.deepEqual(
    options.settings.blsComposingModels?.map(({ name }) => name),
    ['one', 'two'],
  );
});

const refusals: readonly (readonly [yaml: string, message: RegExp, hint?: RegExp])[] = [
  ['profile_models: m\nconcurency: 1', /expected a key of Model Analyzer, got concurency$/, /mean concurrency\?/],
  [
    'profile_models: {m: {parameters: {batch_size: 1}}}',
    /got profile_models\.m\.parameters\.batch_size$/,
    /mean profile_models\.m\.parameters\.batch_sizes\?/,
  ],
  [
    'profile_models: m\nperf_analyzer_flags: {percentil: 9}',
    /got perf_analyzer_flags\.percentil$/,
    /mean percentile\?/,
  ],
  ['profile_models: m\nperf_analyzer_flags: {batch-size: 2}', /expected the key batch_sizes instead of/],
  ['profile_models: m\nconcurrency: [1, 2.5]', /expected whole numbers from 1 on.* for concurrency, got \[1,2\.5\]$/],
  ['profile_models: m\nrun_config_search_max_instance_count: 2.5', /expected a whole number for run_config_/],
  ['profile_models: m\nconcurrency: 1\nrequest_rate: 5', /expected concurrency or request_rate, got both$/],
  ['profile_models: m\ntriton_launch_mode: docker', /Cannot use triton_launch_mode: expected local or remote/],
  ['profile_models: m\nmodel_type: LLM', /Cannot use model_type: expected generic, got "LLM"$/],
  ['profile_models: [m, m]', /expected profile_models with each name once, got m, m$/],
  ['triton_launch_mode: local', /expected profile_models with each name once, got none$/],
  [
    'profile_models: m\nconstraints: {perf_latency_p99: {maximum: 1}}',
    /or \{max: NUMBER\} at constraints\.perf_latency/,
  ],
  [
    'profile_models: m\ntriton_launch_mode: remote\ntriton_server_flags: {log-verbose: 1}',
    /Cannot use triton_server_flags: expected triton_launch_mode local, got remote$/,
  ],
  ['profile_models: [a', /expected YAML, got /],
  ['profile_models: {m: {weighting: 0}}', /expected a number above 0 at profile_models\.m\.weighting, got 0$/],
  [
    'profile_models: m\nensemble_composing_models: {a: {model_config_parameters: {max_batch_size: 4}}}',
    /expected model_config_parameters with instance_group: .* alone at ensemble_composing_models\.a, got /,
  ],
];

test('planProfile searches all models as one when they are to be profiled concurrently', (t) => {
  const yaml = 'run_config_profile_models_concurrently_enable: true\nprofile_models:\n  a: {weighting: 3}\n  b: {}\n';
  const [both, ...others] = plan(yaml);
  t.deepEqual(others, []);
  t.deepEqual(both?.args.slice(0, 2), ['-m', 'a=3,b=1']);
  t.is(both?.args.at(-1), '--together');
  t.throws(() => plan(yaml.replace('{}', '{parameters: {concurrency: [1]}}')), {
    message: /expected the same for all models but for weighting, got profile_models\.a and profile_models\.b$/,
  });
  t.is(plan(yaml.replace('  b: {}\n', '')).length, 1);
});

test('planProfile refuses what it does not know, naming the place and what is near', (t) => {
  for (const [yaml, message, hint] of refusals) {
    const thrown = t.throws(() => plan(yaml)) as Error & { hint?: string };
    t.regex(thrown.message, message, yaml);
    if (hint !== undefined) t.regex(thrown.hint ?? '', hint);
  }
});

test('profile searches every model of a file, with the flags for the server that each has', async (t) => {
  await using workplace = createWorkplace();
  const flags = 'perf_analyzer_flags: {measurement-interval: 300}\nconcurrency: 1,2\nmonitoring_interval: 1';
  const parameters = 'model_config_parameters: {max_batch_size: [1, 4], instance_group: [{count: [1, 100]}]}';
  writeFileSync(workplace.path('good.yml'), `${flags}\nprofile_models: {simple: {${parameters}}}`);
  const good = await runIn(
    workplace,
    'profile',
    '-f',
    'good.yml',
    '--max-measurements',
    '3',
    '--client-protocol',
    'http',
  );
  t.is(good.code, 0, good.stderr);
  t.regex(good.stderr, /^Not used: monitoring_interval, since /m);
  t.regex(good.stdout, /measured: \d+ short measurements of 4 candidates/);
  t.regex(good.stdout, /left out: 4, 100 instances with 1 threads each are more than the \d+ cores/);

  writeFileSync(workplace.path('bad.yml'), 'profile_models: {simple: {triton_server_flags: {no-such-flag: 1}}}');
  const bad = await runIn(workplace, 'profile', '-v', '-f', 'bad.yml');
  t.not(bad.code, 0);
  t.regex(bad.stderr, /no-such-flag/, 'the flag reached the server');
  t.deepEqual(workplace.leftovers(), []);
});
