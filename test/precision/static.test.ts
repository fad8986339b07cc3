import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'ava';
import { decodeModel } from '../../src/onnx/decode-model.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import type { ModelProto } from '../../src/onnx/model-proto.js';
import { rememberedAnswers } from '../../src/precision/accuracy/answers.js';
import { compareAnswers } from '../../src/precision/accuracy/compare-answers.js';
import { calibrate } from '../../src/precision/calibrate.js';
import { calibrations, rangeOf } from '../../src/precision/calibration/range-of.js';
import { fewestKept } from '../../src/precision/fewest-kept.js';
import { int8Static } from '../../src/precision/rewrite/int8-static.js';
import { planStatic } from '../../src/precision/rewrite/static-plan.js';
import { openSession, type Session } from '../../src/precision/runtime/open-session.js';
import { spreadOf } from '../../src/precision/runtime/spread-of.js';
import { createStaticMaker } from '../../src/precision/static-maker.js';
import { temporaryDirectory } from '../sample-models/temporary-directory.js';
import { uniformValues } from './small-graph.js';
import { smallNetwork } from './small-network.js';

const packagePath = createRequire(import.meta.url).resolve('onnxruntime-node');

const samples = ['a', 'b'].map((label) => ({
  input: { type: 'float32', dims: [4, 3, 8, 8], data: uniformValues(4 * 3 * 64, label) },
}));

const operators = (model: ModelProto): string[] => model.graph.node.map(({ opType }) => opType);

async function sessionOf(model: ModelProto, modelPath: string, optimizedPath?: string): Promise<Session> {
  await writeFile(modelPath, encodeModel(model));
  const optimized = optimizedPath === undefined ? {} : { optimizedPath };
  return openSession({ packagePath, modelPath, threads: 1, level: 'all', ...optimized });
}

test('planStatic folds batch normalisations and follows values in 8 bits', (t) => {
  const plan = planStatic(smallNetwork(17));
  t.false(operators(plan.model).includes('BatchNormalization'));
  t.deepEqual([...plan.values], ['input', 'relu', 'second', 'sum.relu', 'halved', 'pooled', 'flat']);
  t.deepEqual(
    [...plan.sameAs],
    [
      ['halved', 'sum.relu'],
      ['flat', 'pooled'],
    ],
  );
  t.is(plan.converted, 4);
  t.deepEqual(plan.kept, []);
  const { layers, kept } = planStatic(smallNetwork(17), { keepInFp32: ['first', 'Add'] });
  t.is(layers.size, 2);
  t.deepEqual(
    kept.map(({ opType }) => opType),
    ['Conv', 'Add'],
  );
});

for (const opset of [12, 17]) {
  test(`int8Static answers as the original, and ONNX Runtime computes it in 8 bits, operators of version ${opset}`, async (t) => {
    const folder = await temporaryDirectory(t);
    const source = smallNetwork(opset);
    const before = encodeModel(source);
    const plan = planStatic(source);
    await using original = await sessionOf(source, join(folder, 'source.onnx'));
    for (const calibration of opset === 17 ? calibrations : (['minmax'] as const)) {
      const ranges = await calibrate(plan, { packagePath, samples, calibration });
      const { model } = int8Static(plan, { ranges, weightBits: 8 });
      t.deepEqual(encodeModel(int8Static(plan, { ranges, weightBits: 8 }).model), encodeModel(model));
      const optimized = join(folder, 'optimized.onnx');
      await using session = await sessionOf(model, join(folder, 'int8.onnx'), optimized);
      const [output] = await compareAnswers(rememberedAnswers(original), session, samples);
      t.true((output?.cosine ?? 0) > 0.995, `${calibration}: ${JSON.stringify(output)}`);
      const fused = operators(decodeModel(await readFile(optimized)));
      for (const wanted of ['QLinearConv', 'QLinearAdd', 'QGemm']) t.true(fused.includes(wanted), fused.join(' '));
      t.false(fused.includes('Conv'), fused.join(' '));
    }
    t.deepEqual(encodeModel(source), before);
  });
}

test('int8-static refuses operators without QuantizeLinear', (t) => {
  t.throws(() => int8Static(planStatic(smallNetwork(9)), { ranges: new Map(), weightBits: 8 }), {
    message: 'Cannot quantise to int8-static: expected operators of version 10 or newer, got 9',
  });
});

test('spreadOf leaves out what is not finite', (t) => {
  t.deepEqual(spreadOf(Float32Array.of(1, Number.NaN, -2, 1 / 0)), { low: -2, high: 1 });
  t.deepEqual(spreadOf(Float32Array.of(Number.NaN)), { low: 0, high: 0 });
  const { counts = new Float64Array(0) } = spreadOf(Float32Array.of(0, 0.5, 1, Number.NaN), { low: 0, high: 1 });
  t.deepEqual([counts[0], counts[1024], counts[2047], counts.reduce((sum, count) => sum + count)], [1, 1, 1, 3]);
});

test('rangeOf cuts a far outlier as its calibration says', (t) => {
  const values = Float32Array.from({ length: 100_000 }, (_, index) => Math.sin(index) ** 3);
  values[7] = 40;
  const span = spreadOf(values);
  const { counts } = spreadOf(values, span);
  t.deepEqual(rangeOf(span, counts, 'minmax'), span);
  for (const calibration of ['percentile', 'entropy'] as const) {
    const { low, high } = rangeOf(span, counts, calibration);
    t.true(low < -0.9 && low >= span.low && high > 0.9 && high < 20, `${calibration}: ${low} to ${high}`);
  }
  t.deepEqual(rangeOf({ low: 3, high: 3 }, counts, 'entropy'), { low: 3, high: 3 });
});

test('the range of least squared error has less of it than other ranges', (t) => {
  const values = uniformValues(20_000, 'tails').map((value) => Math.atanh(value * 0.9999) ** 3);
  const errorOf = ({ low, high }: { readonly low: number; readonly high: number }): number => {
    const scale = (high - low) / 255;
    const rounded = (value: number) => Math.round(Math.max(low, Math.min(high, value)) / scale) * scale;
    return values.reduce((sum, value) => sum + (value - rounded(value)) ** 2, 0);
  };
  const span = spreadOf(values);
  const found = rangeOf(span, spreadOf(values, span).counts, 'mse');
  t.true(found.high < span.high);
  for (const share of [1, 0.9, 0.7, 0.5, 0.3]) {
    const other = { low: span.low * share, high: span.high * share };
    t.true(errorOf(found) <= errorOf(other) * 1.02, `${share}: ${errorOf(found)} against ${errorOf(other)}`);
  }
});

test('fewestKept finds the fewest layers at the beginning, or at the end when that takes nearly all', async (t) => {
  const layers = Array.from({ length: 40 }, (_, index) => `l${index}`);
  const keptFor = async (passes: (kept: readonly string[]) => boolean) => {
    let tries = 0;
    const kept = await fewestKept(layers, async (names) => {
      tries++;
      return passes(names);
    });
    t.true(tries <= 12, `${tries} tries`);
    return kept;
  };
  t.deepEqual(await keptFor((kept) => kept.includes('l6')), layers.slice(0, 7));
  t.deepEqual(await keptFor((kept) => kept.includes('l38')), ['l38', 'l39']);
  t.is(await keptFor(() => false), undefined);
});

test('createStaticMaker leaves sensitive layers in FP32 and reads them as they are', async (t) => {
  const folder = await temporaryDirectory(t);
  const source = smallNetwork(17);
  const maker = await createStaticMaker(source, {
    packagePath,
    samples,
    calibration: 'mse',
    weightBits: 8,
    keepInFp32: [],
  });
  t.deepEqual(maker.layers, ['norm', 'second', 'output']);
  const { model, converted, kept } = maker.make(['norm']);
  t.is(converted, 3);
  t.deepEqual(kept, [{ name: 'first', opType: 'Conv', reason: 'accuracy needs it in FP32' }]);
  await using original = await sessionOf(source, join(folder, 'source.onnx'));
  await using whole = await sessionOf(maker.make().model, join(folder, 'whole.onnx'));
  await using mixed = await sessionOf(model, join(folder, 'mixed.onnx'));
  const [all] = await compareAnswers(rememberedAnswers(original), whole, samples);
  const [some] = await compareAnswers(rememberedAnswers(original), mixed, samples);
  t.true((some?.relativeRmse ?? 1) < (all?.relativeRmse ?? 0), `${some?.relativeRmse} of ${all?.relativeRmse}`);
});
