import test from 'ava';
import { parseVariations } from '../../../src/cli/flags/vary-flag.js';
import { applyCandidate } from '../../../src/cli/search/apply-candidate.js';
import { currentPoints, withSettings } from '../../../src/cli/search/current-points.js';
import { liveSpace, loadsOf } from '../../../src/cli/search/live-space.js';
import { parseModelConfig } from '../../../src/protocol/model-config-codec.js';

const config = parseModelConfig(`
  name: "m"
  max_batch_size: 8
  instance_group [ { count: 3 kind: KIND_GPU } ]
  dynamic_batching { preferred_batch_size: [ 4, 8 ] }
  parameters { key: "keep" value { string_value: "me" } }
`);

test('applyCandidate changes what the candidate names and nothing else', (t) => {
  t.deepEqual(applyCandidate(config, { concurrency: 4 }), config);
  const changed = applyCandidate(config, { instance_count: 2, intra_op_thread_count: 4, concurrency: 9 });
  t.deepEqual(
    changed.instance_group.map(({ count, kind }) => [count, kind]),
    [[2, 'KIND_GPU']],
  );
  t.deepEqual(changed.parameters, { keep: { string_value: 'me' }, intra_op_thread_count: { string_value: '4' } });
  t.is(changed.max_batch_size, 8);
});

test('applyCandidate drops preferred sizes above the largest one, and turns batching on', (t) => {
  const changed = applyCandidate(config, { max_batch_size: 4, max_queue_delay_microseconds: 500 });
  t.deepEqual(changed.dynamic_batching?.preferred_batch_size, [4]);
  t.is(changed.dynamic_batching?.max_queue_delay_microseconds, 500);
});

test('applyCandidate lets a model prefer full batches, whatever the largest one becomes', (t) => {
  const full = parseModelConfig('name: "m" max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 8 ] }');
  t.deepEqual(applyCandidate(full, { max_batch_size: 16 }).dynamic_batching?.preferred_batch_size, []);
  t.deepEqual(applyCandidate(full, { max_batch_size: 8 }).dynamic_batching, full.dynamic_batching);
});

test('applyCandidate leaves a model alone that does not batch', (t) => {
  const single = parseModelConfig('name: "m"');
  t.is(applyCandidate(single, { max_queue_delay_microseconds: 100 }).dynamic_batching, undefined);
});

const load = { name: 'concurrency', values: [1, 2] } as const;
const twoCores = { cores: 2, hasGpus: false };

test('liveSpace varies what usually matters, and leaves out more threads than cores with the reason', (t) => {
  const onCpu = {
    ...config,
    instance_group: config.instance_group.map((group) => ({ ...group, kind: 'KIND_CPU' as const })),
  };
  const space = liveSpace({ config: onCpu, variations: new Map(), load, batchSize: 1, machine: twoCores });
  t.deepEqual(
    space.dimensions.map(({ name }) => name),
    ['instance_count', 'max_batch_size', 'intra_op_thread_count', 'max_queue_delay_microseconds', 'concurrency'],
  );
  t.true(space.pruned.length > 0);
  t.true(space.pruned.every(({ reason }) => reason === '2 instances with 2 threads each are more than the 2 cores'));
});

test('liveSpace leaves out what cannot work, with the reason', (t) => {
  const reasons = (given: readonly string[], machine?: typeof twoCores, batchSize = 1): readonly string[] => {
    const space = liveSpace({ config, variations: parseVariations(given), load, batchSize, machine });
    return [...new Set(space.pruned.map(({ reason }) => reason))];
  };
  t.deepEqual(reasons(['instance_count=1']), []);
  t.deepEqual(reasons(['instance_count=1'], twoCores), ['KIND_GPU on a machine without a GPU']);
  t.deepEqual(reasons(['preferred_batch_size=4,8', 'max_batch_size=4,8']), [
    'preferred_batch_size 8 is above max_batch_size 4',
  ]);
  t.deepEqual(reasons(['max_batch_size=1,2,4'], undefined, 3), [
    'requests of 3 inferences are above max_batch_size 1',
    'requests of 3 inferences are above max_batch_size 2',
  ]);
  t.deepEqual(reasons(['max_batch_size=2,4', 'batch_size=1,4']), [
    'requests of 4 inferences are above max_batch_size 2',
  ]);
});

test('liveSpace leaves a setting out where it means nothing, whatever the order in which they are named', (t) => {
  const given = [
    'inter_op_thread_count=1,2',
    'execution_mode=0,1',
    'max_queue_delay_microseconds=0,9',
    'max_batch_size=1,2',
  ];
  const { candidates } = liveSpace({
    config,
    variations: parseVariations(given),
    load,
    batchSize: 1,
    machine: undefined,
  });
  t.is(candidates.length, 3 * 3 * load.values.length);
  t.true(
    candidates.every((each) => (each['max_batch_size'] === 2) === (each['max_queue_delay_microseconds'] !== undefined)),
  );
  t.true(candidates.every((each) => (each['execution_mode'] === 1) === (each['inter_op_thread_count'] !== undefined)));
});

test('liveSpace varies what --vary names, and refuses what nobody can search', (t) => {
  const variations = parseVariations(['instance_count=1:3', 'max_batch_size=8,1,8']);
  const space = liveSpace({ config, variations, load, batchSize: 1, machine: undefined });
  t.is(space.candidates.length, 3 * 2 * 2);
  const endless = parseVariations(['instance_count=1:200', 'max_batch_size=1:200']);
  t.throws(() => liveSpace({ config, variations: endless, load, batchSize: 1, machine: undefined }), {
    message: /^Cannot search 80000 combinations: expected at most 20000, got 200 of instance_count x 200 of/,
  });
});

test('parseVariations refuses what it does not know, naming what it does', (t) => {
  const message = (...given: readonly string[]) => t.throws(() => parseVariations(given))?.message ?? '';
  t.regex(
    message('speed=1'),
    /^Cannot use --vary: expected NAME=VALUES with a name of instance_count, .*, got 'speed=1'$/,
  );
  t.regex(message('instance_count=2.5'), /^Cannot use --vary: expected whole numbers/);
  t.regex(message('instance_count=1', 'instance_count=2'), /^Cannot use --vary: expected each name once/);
});

test('loadsOf takes a range by doubling, or by its step', (t) => {
  const range = (start: number, end: number, step: number) =>
    loadsOf({ kind: 'concurrency', range: { start, end, step }, search: 'linear' }).values;
  t.deepEqual(range(3, 24, 1), [3, 6, 12, 24]);
  t.deepEqual(range(4, 12, 4), [4, 8, 12]);
});

test('currentPoints finds the candidates that change nothing, by their loads', (t) => {
  const own = parseModelConfig('name: "m" max_batch_size: 8 instance_group [ { count: 1 } ] dynamic_batching { }');
  const given = [
    'max_batch_size=4,8',
    'max_queue_delay_microseconds=0,500',
    'intra_op_thread_count=1,2',
    'batch_size=1,2',
  ];
  const variations = parseVariations(['instance_count=1,2', ...given]);
  const space = liveSpace({ config: own, variations, load, batchSize: 1, machine: undefined });
  const server = { config: own, composing: new Map(), kind: 'embedded', cores: 2 } as const;
  const of = (kind: 'embedded' | 'remote') =>
    currentPoints(space, { server: { ...server, kind }, load: 'concurrency', batchSize: 1 });
  const same = {
    instance_count: 1,
    max_batch_size: 8,
    max_queue_delay_microseconds: 0,
    intra_op_thread_count: 2,
    batch_size: 1,
  };
  t.deepEqual(
    [...of('embedded')],
    [1, 2].map((concurrency) => [concurrency, { ...same, concurrency }]),
  );
  const whole = withSettings(of('embedded'), 'concurrency');
  t.deepEqual(whole({ concurrency: 2 }), { ...same, concurrency: 2 });
  t.deepEqual(whole({ concurrency: 9 }), { ...same, concurrency: 9 }, 'a load that the space does not have');
  t.deepEqual(whole({ instance_count: 3, concurrency: 2 }), { instance_count: 3, concurrency: 2 });
  t.is(of('remote').size, 0, 'how many threads another server has is not known');
});
