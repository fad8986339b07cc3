import test from 'ava';
import { type MetricSample, parseExposition } from '../../src/protocol/exposition.js';

const gauge = (name: string, value: number, labels: Record<string, string> = {}): MetricSample => ({
  name,
  labels,
  kind: 'gauge',
  value,
});

const cases: readonly (readonly [title: string, text: string, samples: readonly MetricSample[]])[] = [
  ['nothing', '', []],
  ['a bare sample', 'up 1\n', [gauge('up', 1)]],
  ['a sample without a line end', 'up 1', [gauge('up', 1)]],
  ['line ends of Windows', 'up 1\r\ndown 0\r\n', [gauge('up', 1), gauge('down', 0)]],
  [
    'labels of a GPU',
    'nv_gpu_utilization{gpu_uuid="GPU-1"} 0.25',
    [gauge('nv_gpu_utilization', 0.25, { gpu_uuid: 'GPU-1' })],
  ],
  [
    'more labels than perf_analyzer expects, in any order, with spaces',
    'nv_gpu_power_usage { instance = "0" , gpu_uuid="GPU-1", } 7.5e1',
    [gauge('nv_gpu_power_usage', 75, { instance: '0', gpu_uuid: 'GPU-1' })],
  ],
  ['an empty set of labels', 'a{} 1', [gauge('a', 1)]],
  [
    'escapes, braces and commas in labels',
    String.raw`a{b="q\"\\\n",c="},{"} 1`,
    [gauge('a', 1, { b: 'q"\\\n', c: '},{' })],
  ],
  ['a time stamp', 'a 1 1700000000000', [gauge('a', 1)]],
  ['an exemplar', '# TYPE a counter\na_total 1 # {trace_id="x"} 0.5', [{ ...gauge('a_total', 1), kind: 'counter' }]],
  [
    'the ends of numbers',
    'a +Inf\nb -Inf\nc NaN\nd -1.5E-3\ne .5',
    [
      gauge('a', Number.POSITIVE_INFINITY),
      gauge('b', Number.NEGATIVE_INFINITY),
      gauge('c', Number.NaN),
      gauge('d', -0.0015),
      gauge('e', 0.5),
    ],
  ],
  ['counters', '# TYPE a counter\na{m="x"} 3', [{ ...gauge('a', 3, { m: 'x' }), kind: 'counter' }]],
  [
    'the parts of a histogram',
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_sum 3\nh_count 4',
    [
      { ...gauge('h_bucket', 2, { le: '1' }), kind: 'counter' },
      { ...gauge('h_sum', 3), kind: 'counter' },
      { ...gauge('h_count', 4), kind: 'counter' },
    ],
  ],
  [
    'a summary, whose quantiles are gauges',
    '# TYPE s summary\ns{quantile="0.5"} 2\ns_count 4',
    [gauge('s', 2, { quantile: '0.5' }), { ...gauge('s_count', 4), kind: 'counter' }],
  ],
  ['a gauge that is called a count', '# TYPE a_count gauge\na_count 4', [gauge('a_count', 4)]],
  ['what is no sample', '# HELP a b\n# EOF\n<html>\na b\n{x="1"} 2\na{x=1} 2\na{x="1" 2\nup 1', [gauge('up', 1)]],
];
for (const [title, text, samples] of cases) {
  test(`parseExposition reads ${title}`, (t) => {
    t.deepEqual(parseExposition(text), samples);
  });
}
