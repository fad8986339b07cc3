import test from 'ava';
import { parseModelConfig } from '../../../../src/protocol/model-config-codec.js';
import { checkComposing } from '../../../../src/server/backends/ensemble/check-composing.js';
import type { Availability, ComposingModels } from '../../../../src/server/backends/ensemble/composing-models.js';
import { RefusalError } from '../../../../src/server/refusal.js';
import type { ServedVersion } from '../../../../src/server/served-version.js';
import { doubling, ensembleText } from './ensemble-models.js';

const vector = 'data_type: TYPE_INT32 dims: [ 16 ]';
const simple = `name: "simple" max_batch_size: 8 input [ { name: "INPUT0" ${vector} }, { name: "INPUT1" ${vector} } ]
  output [ { name: "OUTPUT0" ${vector} }, { name: "OUTPUT1" ${vector} } ]`;
const identity = (head: string, type: string, rest = '') =>
  `name: "identity" ${head} input { name: "INPUT0" ${type} } output { name: "OUTPUT0" ${type} } ${rest}`;

/** Models of which only the configurations matter, each with version 3. */
function modelsOf(texts: readonly string[], unavailable: Readonly<Record<string, Availability>> = {}): ComposingModels {
  const configs = new Map(texts.map(parseModelConfig).map((config) => [config.name, config]));
  return {
    availability: (name) => unavailable[name] ?? { kind: configs.has(name) ? 'ready' : 'missing' },
    find(name, version) {
      const config = configs.get(name);
      if (config === undefined || (version !== '' && version !== '3')) throw new RefusalError('not-found', 'no');
      return { config } as ServedVersion;
    },
  };
}

const check = (text: string, models: ComposingModels) =>
  checkComposing({ ...parseModelConfig(text), name: 'e' }, models);

/** One step of `identity` between X and Y. */
const through = (x: string, y: string, options: { readonly head?: string; readonly version?: number } = {}) =>
  ensembleText({
    head: options.head ?? 'max_batch_size: 0',
    inputs: { X: x },
    outputs: { Y: y },
    steps: [{ model: 'identity', version: options.version ?? -1, in: { INPUT0: 'X' }, out: { OUTPUT0: 'Y' } }],
  });

test('checkComposing takes models that fit', (t) => {
  t.notThrows(() => check(ensembleText(doubling), modelsOf([simple])));
  t.notThrows(() => check('max_batch_size: 1', modelsOf([])));
});

test('checkComposing takes a version that is there', (t) => {
  const models = modelsOf([identity('', vector)]);
  t.notThrows(() => check(through(vector, vector, { version: 3 }), models));
  t.throws(() => check(through(vector, vector, { version: 2 }), models), {
    message: "ensemble 'e' depends on 'identity' whose required version 2 is not loaded.",
  });
});

test('checkComposing compares the whole shapes of a model with and one without batch dimension', (t) => {
  const batching = modelsOf([identity('max_batch_size: 4', vector)]);
  const rows = 'data_type: TYPE_INT32 dims: [ -1, 16 ]';
  t.notThrows(() => check(through(rows, rows), batching));
  t.notThrows(() => check(through(vector, vector), batching));
  const cube = 'data_type: TYPE_INT32 dims: [ 2, 2, 16 ]';
  t.throws(() => check(through(cube, rows), batching), {
    message:
      'in ensemble e, ensemble tensor X: inconsistent shape: [2,2,16] is inferred from model e while [-1,16] is ' +
      'inferred from model identity',
  });
});

test('checkComposing takes the reshaped form of the ensemble, and the plain form of its models', (t) => {
  const reshaped = 'data_type: TYPE_INT32 dims: [ 4, 4 ] reshape { shape: [ 16 ] }';
  t.notThrows(() => check(through(reshaped, vector), modelsOf([identity('', vector)])));
});

test('checkComposing lets an optional input go unmapped', (t) => {
  const extra = `input { name: "EXTRA" ${vector} optional: true }`;
  t.notThrows(() => check(through(vector, vector), modelsOf([identity('', vector, extra)])));
});

for (const [what, text, models, message] of [
  [
    'a model that is not there',
    ensembleText(doubling),
    modelsOf([]),
    'ensemble e contains models that are not available or ambiguous: simple',
  ],
  [
    'a model that failed',
    ensembleText(doubling),
    modelsOf([simple], { simple: { kind: 'failed', reason: 'no such operator' } }),
    "ensemble 'e' depends on 'simple' which has no loaded version. Model 'simple' loading failed with error: no such operator",
  ],
  [
    'a larger batch than a model takes',
    ensembleText({ ...doubling, head: 'max_batch_size: 9' }),
    modelsOf([simple]),
    'ensemble e allows maximum batch size 9, but it contains model simple which only allows maximum batch size to be 8',
  ],
  [
    'an input that the model lacks',
    through(vector, vector).replaceAll('INPUT0', 'IN'),
    modelsOf([identity('', vector)]),
    'in ensemble e, ensemble tensor X is mapping to non-existing input IN in model identity',
  ],
  [
    'an output that the model lacks',
    through(vector, vector).replaceAll('OUTPUT0', 'OUT'),
    modelsOf([identity('', vector)]),
    'in ensemble e, ensemble tensor Y is mapped from non-existing output OUT in model identity',
  ],
  [
    'an input that is not mapped',
    through(vector, vector),
    modelsOf([identity('', vector, `input { name: "EXTRA" ${vector} }`)]),
    'in ensemble e, input EXTRA in model identity is not mapped to any ensemble tensors',
  ],
  [
    'another datatype',
    through('data_type: TYPE_FP32 dims: [ 16 ]', vector),
    modelsOf([identity('', vector)]),
    'in ensemble e, ensemble tensor X: inconsistent data type: TYPE_FP32 is inferred from model e while TYPE_INT32 ' +
      'is inferred from model identity',
  ],
  [
    'another shape',
    through(vector, 'data_type: TYPE_INT32 dims: [ 15 ]'),
    modelsOf([identity('', vector)]),
    'in ensemble e, ensemble tensor Y: inconsistent shape: [15] is inferred from model e while [16] is inferred from ' +
      'model identity',
  ],
] as const) {
  test(`checkComposing refuses ${what}`, (t) => {
    t.throws(() => check(text, models), { message });
  });
}
