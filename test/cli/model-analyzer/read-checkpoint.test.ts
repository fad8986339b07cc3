import test from 'ava';
import { readCheckpoint } from '../../../src/cli/model-analyzer/read-checkpoint.js';

/** A measurement as Model Analyzer writes it, with what is read of it. */
const measured = (concurrency: number, throughput: number, parts = 1) => ({
  _gpu_data: {},
  _avg_gpu_data: [['gpu_used_memory', { _value: 847.2, _timestamp: 0, _device_uuid: null }]],
  _model_config_measurements: Array.from({ length: parts }, () => ({
    _model_specific_pa_params: { 'batch-size': 1, 'concurrency-range': concurrency, 'request-rate-range': null },
    _non_gpu_data: [
      ['perf_throughput', { _value: throughput, _timestamp: 0 }],
      ['perf_latency_p99', { _value: 0.5, _timestamp: 0 }],
    ],
  })),
});

const variant = (config: object, ...measurements: readonly object[]) => [
  { _triton_env: {}, _model_run_configs: [{ _model_name: 'm', _model_config: config }] },
  Object.fromEntries(measurements.map((each, index) => [`-m m -b 1 ${index}`, each])),
];

const checkpoint = (models: object): string => JSON.stringify({ 'ResultManager.results': { _results: models } });

test('readCheckpoint reads configurations, loads and metrics, and leaves out what is the same everywhere', (t) => {
  const group = (count?: number) => [{ kind: 'KIND_GPU', ...(count === undefined ? {} : { count }) }];
  const text = checkpoint({
    m: {
      m_config_default: variant({ maxBatchSize: 8, instanceGroup: group() }, measured(1, 100), measured(2, 180)),
      m_config_0: variant(
        { maxBatchSize: 8, instanceGroup: group(2), dynamicBatching: { maxQueueDelayMicroseconds: '200' } },
        measured(2, 250),
      ),
    },
  });
  const rows = readCheckpoint('0.ckpt', text);
  t.deepEqual(rows[0], {
    candidate: { instance_count: 1, dynamic_batching: 0, max_queue_delay_microseconds: 0, concurrency: 1 },
    metrics: { gpu_used_memory: 847.2, perf_throughput: 100, perf_latency_p99: 0.5 },
  });
  t.deepEqual(rows[2]?.candidate, {
    instance_count: 2,
    dynamic_batching: 1,
    max_queue_delay_microseconds: 200,
    concurrency: 2,
  });
});

test('readCheckpoint tells variants apart by name that differ in something else', (t) => {
  const text = checkpoint({ m: { a: variant({}, measured(1, 1)), b: variant({ parameters: {} }, measured(1, 2)) } });
  t.deepEqual(
    readCheckpoint('0.ckpt', text).map(({ candidate }) => candidate),
    [
      { model_config: 'a', concurrency: 1 },
      { model_config: 'b', concurrency: 1 },
    ],
  );
});

test('readCheckpoint refuses another document, several models, and models that were measured together', (t) => {
  const refusal = (text: string, model?: string) =>
    t.throws(() => readCheckpoint('0.ckpt', text, model))?.message ?? '';
  t.regex(refusal('{'), /^Cannot replay 0\.ckpt: expected a checkpoint of Model Analyzer, got another document$/);
  const two = checkpoint({ m: { a: variant({}, measured(1, 1)) }, n: { b: variant({}, measured(1, 2)) } });
  t.regex(refusal(two), /expected one model, or -m MODEL, got m, n$/);
  t.is(readCheckpoint('0.ckpt', two, 'n')[0]?.metrics['perf_throughput'], 2);
  t.regex(refusal(two, 'o'), /expected measurements of o, got m, n$/);
  t.regex(refusal(checkpoint({ m: { a: variant({}, measured(1, 1, 2)) } })), /got several measured together$/);
});
