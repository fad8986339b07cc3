import test from 'ava';
import { prepareHead } from '../../../../src/server/config/prepare-head.js';
import { ortNames } from '../../config/test-config.js';
import { doubling, doublingSteps, ensembleText } from './ensemble-models.js';

const prepare = (configText: string) =>
  prepareHead(
    { directoryName: 'e', configText, configPath: 'e/config.pbtxt', overrideJson: undefined },
    { backends: [ortNames], autoComplete: true },
  );

const text = (changes: Partial<Parameters<typeof ensembleText>[0]> = {}) => ensembleText({ ...doubling, ...changes });

test('prepareHead takes an ensemble as it is: no instances, no backend, no model file', (t) => {
  const config = prepare(text());
  t.like(config, { name: 'e', platform: 'ensemble', backend: '', default_model_filename: '', instance_group: [] });
  t.is(config.optimization, undefined);
  t.deepEqual(config.version_policy, { latest: { num_versions: 1 } });
  t.is(config.ensemble_scheduling?.step[0]?.model_version, -1);
});

const [second, first] = doublingSteps;
const identity = (from: string, to: string) => ({ model: 'i', in: { INPUT0: from }, out: { OUTPUT0: to } });

for (const [what, config, message] of [
  [
    'a platform that is not ensemble',
    text().replace('platform: "ensemble"', ''),
    "ensemble scheduling cannot be set for model 'e' whose platform is not ensemble",
  ],
  [
    'no scheduling',
    'platform: "ensemble"',
    'ensemble scheduling must be set for ensemble e whose platform is ensemble',
  ],
  [
    'a backend',
    text({ head: 'backend: "onnxruntime"' }),
    "unexpected 'platform' and 'backend' pair, got:ensemble, onnxruntime: expected ensemble, ",
  ],
  [
    'another name',
    text({ head: 'name: "f"' }),
    "unexpected directory name 'e' for model 'f', directory name must equal model name",
  ],
  ['a negative batch size', text({ head: 'max_batch_size: -1' }), "'max_batch_size' must be non-negative value for e"],
  [
    'instances',
    text({ head: 'instance_group { count: 1 }' }),
    "instance group should not be specified for ensemble 'e'",
  ],
  ['optimization', text({ head: 'optimization { }' }), "optimization should not be specified for ensemble 'e'"],
  ['no steps', text({ steps: [] }), "must specify 'step' for ensemble 'e'"],
  [
    'a step without a model',
    text({ steps: [{ model: '', in: { X: 'A' }, out: { Y: 'B' } }] }),
    "must specify 'model_name' in step 0 of ensemble 'e'",
  ],
  [
    'a step without inputs',
    text({ steps: [...doublingSteps, { model: 'm', in: {}, out: { Y: 'B' } }] }),
    "must specify 'input_map' in step 2 of ensemble 'e'",
  ],
  [
    'a step without outputs',
    text({ steps: [{ model: 'm', in: { X: 'A' }, out: {} }] }),
    "must specify 'output_map' in step 0 of ensemble 'e'",
  ],
  [
    'a tensor that two steps write',
    text({ steps: [...doublingSteps, identity('A', 'SUM')] }),
    "ensemble tensor 'SUM' can appear in an output map only once for ensemble 'e' step 2",
  ],
  [
    'an input that no step reads',
    text({ inputs: { A: undefined, B: undefined, C: undefined } }),
    "ensemble input 'C' for ensemble e is not used",
  ],
  [
    'an output that no step mentions',
    text({ outputs: { NOTHING: undefined } }),
    "ensemble output 'NOTHING' for ensemble e is not used",
  ],
  [
    'an output that no step writes',
    text({
      steps: [second, { model: 'simple', in: first?.in ?? {}, out: { OUTPUT0: 'SUM' } }].flatMap((s) => s ?? []),
    }),
    "output 'TWICE_A' for ensemble 'e' is not written",
  ],
  [
    'a cycle of steps',
    text({
      outputs: { Z: undefined },
      steps: [{ ...identity('Y', 'X') }, { model: 's', in: { L: 'X', R: 'A', T: 'B' }, out: { P: 'Y', Q: 'Z' } }],
    }),
    "output 'Z' for ensemble 'e' is not written",
  ],
  [
    'a tensor that nobody reads',
    text({ outputs: { TWICE_A: undefined } }),
    "ensemble tensor 'TWICE_B' is unused in ensemble 'e'",
  ],
] as const) {
  test(`prepareHead refuses an ensemble with ${what}`, (t) => {
    t.throws(() => prepare(config), { message });
  });
}
