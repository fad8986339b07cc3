import test from 'ava';
import { killVariants } from '../fuzz/killed-variants.js';
import { temporaryDirectory } from '../sample-models/temporary-directory.js';
import { faultOf, judgeVariants } from './judge-variants.js';
import { builtModels, realModels } from './known-models.js';

/** Small ones of each kind; `npm run fuzz -- --part variants` does all. */
const expected: Readonly<Record<string, Readonly<Record<string, RegExp | 'passes'>>>> = {
  'ocr-classification': {
    optimized: 'passes',
    'fp16-weights': 'passes',
    fp16: 'passes',
    'int8-dynamic': 'passes',
    'int8-static': 'passes',
  },
  'vad-5': {
    optimized: 'passes',
    'fp16-weights': /^nothing to convert \(If: the weights inside its subgraph are left alone\)$/,
    fp16: 'passes',
    'int8-dynamic': /^nothing to convert \(If: its subgraph is left alone\)$/,
    'int8-static': /^nothing to convert \(If: its subgraph is left alone\)$/,
  },
  simple_string: {
    optimized: /^ONNX Runtime changes nothing at this level$/,
    'fp16-weights': /^nothing to convert$/,
    fp16: /^nothing to convert$/,
    'int8-dynamic': /^nothing to convert$/,
    'int8-static': /^nothing to convert \(Add: what it adds is not quantised\)$/,
  },
};

for (const [name, wanted] of Object.entries(expected)) {
  test(`every variant of ${name} is right or refused with a reason`, async (t) => {
    const known = [...realModels, ...builtModels].find((each) => each.name === name);
    if (known === undefined) throw new Error(`no model ${name}`);
    const verdicts = await judgeVariants(known, await temporaryDirectory(t));
    for (const verdict of verdicts) {
      t.is(faultOf(verdict), undefined, verdict.precision);
      const reason = wanted[verdict.precision];
      if (reason instanceof RegExp) t.regex(verdict.refusal ?? 'passed', reason, verdict.precision);
      else t.is(verdict.refusal, undefined, verdict.precision);
    }
    t.deepEqual(
      verdicts.map(({ precision }) => precision),
      Object.keys(wanted) as never,
    );
  });
}

test('runs that are killed while they write variants leave whole files only, and the source alone', async (t) => {
  const { faults } = await killVariants(2, 7);
  t.deepEqual(faults, []);
});
