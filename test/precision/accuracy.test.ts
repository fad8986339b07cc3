import test from 'ava';
import type { OutputAccuracy } from '../../src/core/variants-result.js';
import { accuracyMetrics, defaultLimits, judgeAccuracy } from '../../src/precision/accuracy/gate.js';
import { createOutputTally } from '../../src/precision/accuracy/output-tally.js';
import { toFloat16 } from '../../src/precision/rewrite/weight-values.js';
import type { SentTensor } from '../../src/precision/runtime/session-messages.js';

const floats = (...values: readonly number[]): SentTensor => ({
  type: 'float32',
  dims: [1, values.length],
  data: Float32Array.from(values),
});

function compared(...pairs: readonly (readonly [expected: SentTensor, got: SentTensor])[]): OutputAccuracy {
  const tally = createOutputTally('y');
  for (const [expected, got] of pairs) tally.add(expected, got);
  return tally.result();
}

test('an output tally sums over samples', (t) => {
  const {
    cosine = 0,
    relativeRmse = 0,
    ...rest
  } = compared(
    [floats(3, 0, 0, 0, 0, 0), floats(3, 0, 0, 0, 0, 0)],
    [floats(0, 4, 1, 1, 1, 0), floats(0, 4, 5, 1, 1, 0)],
  );
  t.deepEqual(rest, { name: 'y', elements: 12, nonFinite: 0, largestError: 4, top1: 0.5, top5: 1 });
  t.true(Math.abs(relativeRmse - Math.sqrt(16 / 28)) < 1e-12);
  t.true(Math.abs(cosine - 32 / Math.sqrt(28 * 52)) < 1e-12);
});

const cases: readonly (readonly [what: string, expected: SentTensor, got: SentTensor, refusal: RegExp | undefined])[] =
  [
    ['zeros of both', floats(0, 0), floats(0, 0), undefined],
    [
      'zeros of the original only',
      floats(0, 0),
      floats(1e-30, 0),
      /^output 'y' is not zero where the original gives zeros/,
    ],
    ['zeros of the variant only', floats(1, 2), floats(0, 0), /^accuracy_cosine is 0, expected at least 0.99$/],
    ['the opposite', floats(1, 2), floats(-1, -2), /^accuracy_cosine is -1, /],
    ['a NaN of the variant', floats(1, 2), floats(1, Number.NaN), /^output 'y' has 1 NaN or infinities of 2 elements/],
    ['a NaN of both', floats(1, Number.NaN), floats(1, Number.NaN), undefined],
    ['an infinity that became a number', floats(1, 1 / 0), floats(1, 65_504), /^output 'y' has 1 NaN or infinities/],
    ['tiny numbers', floats(1e-30, 2e-30), floats(1e-30, 2e-30), undefined],
    ['huge numbers', floats(3e38, 3e38), floats(3e38, 3e38), undefined],
  ];
for (const [what, expected, got, refusal] of cases) {
  test(`the gate judges ${what}`, (t) => {
    const reason = judgeAccuracy([compared([expected, got])], defaultLimits);
    if (refusal === undefined) t.is(reason, undefined);
    else t.regex(reason ?? 'passed', refusal);
  });
}

test('outputs that do not hold floats are compared element by element', (t) => {
  const integers = (...values: readonly number[]): SentTensor => ({
    type: 'int64',
    dims: [values.length],
    data: BigInt64Array.from(values, BigInt),
  });
  const texts = (...data: readonly string[]): SentTensor => ({ type: 'string', dims: [data.length], data });
  t.is(compared([integers(1, 2, 3, 4), integers(1, 2, 3, 5)]).equal, 0.75);
  t.is(compared([texts('a', 'b'), texts('a', 'b')]).equal, 1);
  t.regex(judgeAccuracy([compared([texts('a'), texts('b')])], defaultLimits) ?? '', /^accuracy_cosine is 0/);
  const half = (value: number): SentTensor => ({ type: 'float16', dims: [1], data: toFloat16(Float32Array.of(value)) });
  t.is(compared([half(1.5), half(1)]).largestError, 0.5);
});

test('an output without a finite number is refused, whatever the others are', (t) => {
  const [nan, right] = [floats(Number.NaN, 1 / 0), floats(1, 2)];
  const outputs = [compared([right, right]), compared([nan, nan])];
  t.is(judgeAccuracy(outputs, defaultLimits), "output 'y' holds NaN and infinities only, of which nothing can be told");
});

test('answers of another shape are no answers', (t) => {
  t.throws(() => compared([floats(1, 2), floats(1, 2, 3)]), {
    message: "output 'y' is float32 [1,3] instead of float32 [1,2]",
  });
});

test('the worst output counts, and a metric that cannot be told fails its limit', (t) => {
  const outputs = [compared([floats(1, 2), floats(1, 2)]), compared([floats(1, 2), floats(2, 1)])];
  const { accuracy_cosine: cosine = 0, accuracy_top1: top1, accuracy_rel_rmse: rmse = 0 } = accuracyMetrics(outputs);
  t.true(Math.abs(cosine - 0.8) < 1e-12);
  t.is(top1, 0);
  t.true(Math.abs(rmse - Math.sqrt(2 / 5)) < 1e-12);
  const single = compared([
    { type: 'float32', dims: [1], data: Float32Array.of(1) },
    { type: 'float32', dims: [1], data: Float32Array.of(1) },
  ]);
  t.is(judgeAccuracy([single], [{ metric: 'accuracy_top1', min: 0.9 }]), 'accuracy_top1 cannot be told of its outputs');
  t.is(
    judgeAccuracy(outputs, [{ metric: 'accuracy_rel_rmse', max: 0.1 }]),
    'accuracy_rel_rmse is 0.63246, expected at most 0.1',
  );
});
