import test from 'ava';
import { completeConfig } from '../../../src/server/config/complete-config.js';
import { firstResponseBuckets, unknownFamilies } from '../../../src/server/config/metric-buckets.js';
import { prepareHead } from '../../../src/server/config/prepare-head.js';
import { graphOf, headOf, ortNames } from './test-config.js';

/** The head of a model 'm' as a load prepares it. */
const prepared = (configText: string, autoComplete = true) =>
  prepareHead(
    { directoryName: 'm', configText, configPath: '/r/m/config.pbtxt', overrideJson: undefined },
    { backends: [ortNames], autoComplete },
  );

const levels = 'priority_levels: 2 default_priority_level: 3';
const io = 'input { name: "X" data_type: TYPE_FP32 dims: 1 } output { name: "Y" data_type: TYPE_FP32 dims: 1 }';

for (const [text, message] of [
  ['dynamic_batching { preferred_batch_size: 0 }', 'dynamic batching preferred size must be positive for m'],
  [
    'max_batch_size: 4 dynamic_batching { preferred_batch_size: 5 }',
    'dynamic batching preferred size must be <= max batch size for m',
  ],
  [
    `${io} dynamic_batching { preferred_batch_size: 1 }`,
    'dynamic batching preferred size must be <= max batch size for m',
  ],
  [`dynamic_batching { ${levels} }`, 'default priority level must be in range [1, 2] for m'],
  [
    'max_batch_size: 4 sequence_batching { oldest { preferred_batch_size: 5 } }',
    'sequence batching preferred batch size must be <= max batch size for m',
  ],
] as const) {
  test(`prepareHead refuses ${text}`, (t) => {
    t.throws(() => prepared(text), { message });
  });
}

test('prepareHead leaves a preferred size to the model file, which decides how much it batches', (t) => {
  const text = 'dynamic_batching { preferred_batch_size: 4 }';
  t.notThrows(() => prepared(text));
  t.throws(() => prepared(text, false), { message: /preferred size must be <= max batch size/ });
});

test('completeConfig fills in what a listed tensor leaves out, by its name', (t) => {
  const named = 'input { name: "X" } input { name: "Z" }';
  const { input, output } = completeConfig(headOf(named), graphOf([-1, 3], [-1]), { defaultMaxBatchSize: 4 });
  t.like(input[0], { name: 'X', data_type: 'TYPE_FP32', dims: [3] });
  t.like(input[1], { name: 'Z', data_type: 'TYPE_INVALID', dims: [] });
  t.like(output[0], { name: 'Y', dims: [1], reshape: { shape: [] } });
  const typed = completeConfig(headOf('output { name: "Y" data_type: TYPE_INT8 dims: 7 }'), graphOf([3]), {
    defaultMaxBatchSize: 4,
  });
  t.like(typed.output[0], { data_type: 'TYPE_INT8', dims: [7] });
});

const bucketsOf = (...bounds: readonly number[]) =>
  `metric_control { metric_identifier { family: "nv_inference_first_response_histogram_ms" } histogram_options { buckets: [ ${bounds} ] } }`;

test('firstResponseBuckets are those of Triton, or the last ones of model_metrics, which must rise', (t) => {
  t.deepEqual(firstResponseBuckets(headOf('')), [100, 500, 2000, 5000]);
  const other = 'metric_control { metric_identifier { family: "x" } }';
  const config = headOf(`model_metrics { ${bucketsOf(1, 2)} ${other} ${bucketsOf(0.5, 10)} }`);
  t.deepEqual(firstResponseBuckets(config), [0.5, 10]);
  t.deepEqual(unknownFamilies(config), ['x']);
  t.throws(() => firstResponseBuckets(headOf(`model_metrics { ${bucketsOf(5, 5)} }`)), {
    message: "histogram buckets of 'nv_inference_first_response_histogram_ms' must rise for m, got [5,5]",
  });
});
