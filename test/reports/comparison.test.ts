import test from 'ava';
import { comparisonJunit, comparisonMarkdown, formatComparison } from '../../reports/comparison.js';
import { formatComparisonHtml } from '../../reports/html/comparison-page.js';
import type { Comparison } from '../../src/core/comparison.js';

const comparison: Comparison = {
  base: ['<base>.json'],
  next: ['new.json'],
  title: '<script>m</script>',
  replication: 'windows',
  runNoisePercent: 3,
  confidencePercent: 99.5,
  differences: [],
  changes: [
    {
      level: 'concurrency 1',
      metric: 'perf_latency_p99',
      unit: 'ms',
      base: 10,
      next: 12,
      ratio: 1.2,
      interval: { low: 1.1, high: 1.3 },
      kind: 'worse',
      isRegression: true,
    },
    {
      level: 'concurrency 1',
      metric: 'perf_throughput',
      unit: 'infer/s',
      base: 5,
      kind: 'missing',
      isRegression: false,
    },
  ],
};

test('formatComparison shows ratios with their intervals, and the conclusion last', (t) => {
  const lines = formatComparison(comparison).trimEnd().split('\n');
  t.is(lines.at(-1), 'Regression: 1 of 2 figures');
  t.regex(
    lines.join('\n'),
    /concurrency 1 {2}perf_latency_p99 +10\.000 +12\.000 +ms +20\.00 +10\.00 +30\.00 {2}worse \(regression\)/,
  );
});

test('comparisonMarkdown and comparisonJunit say what failed', (t) => {
  t.true(comparisonMarkdown(comparison).includes('**Regression: 1 of 2 figures**'));
  const junit = comparisonJunit(comparison);
  t.true(junit.includes('tests="2" failures="1"'));
  t.true(
    junit.includes(
      '<failure message="concurrency 1, perf_latency_p99: worse, 10 to 12 ms, +20.00 % (+10.00 to +30.00 %).">',
    ),
  );
});

test('formatComparisonHtml escapes names, and draws what has a ratio', (t) => {
  const page = formatComparisonHtml(comparison);
  t.is(page.split('<script').length - 1, 1);
  t.true(page.includes('&lt;base&gt;.json'));
  t.is(page.match(/class="point"/g)?.length, 2);
});
