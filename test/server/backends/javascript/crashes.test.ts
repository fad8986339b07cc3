import test from 'ava';
import { liveService, simpleModel, simpleRequest } from '../../live-service.js';
import { javascriptModel, numbers, numbersOf, obeyingModule } from './javascript-model.js';

const explicit = { modelControlMode: 'explicit', loadModels: ['*'] } as const;

for (const [act, what, reason] of [
  [92, 'exits', /^exit code 7$/],
  [93, 'aborts', /^signal SIGABRT$/],
  [94, 'throws outside of execute', /^exit code 1: too late$/],
  [95, 'exhausts its memory', /^signal SIGABRT: FATAL ERROR: .* heap out of memory/],
] as const) {
  test.serial(`a javascript model that ${what} fails its requests, is replaced, and others go on`, async (t) => {
    const limit = 'parameters { key: "max_heap_mb" value { string_value: "32" } }';
    await using live = await liveService({ ...javascriptModel(obeyingModule, limit), ...simpleModel() });
    const { service } = live;
    const error = await t.throwsAsync(service.infer(numbers([act])), { name: 'RefusalError' });
    t.like(error, { reason: 'internal' });
    const [, got = ''] =
      /^model 'm': instance 'm_0' stopped while it ran the request \((.*)\)$/.exec(error.message) ?? [];
    t.regex(got, reason);
    t.is((await service.infer(simpleRequest(1))).outputs.length, 2);
    t.deepEqual(numbersOf(await service.infer(numbers([1]))), [1]);
    t.is(service.failures().find(({ name }) => name === 'm')?.counts.BACKEND, 1);
  });
}

test.serial('three crashes in a row make a model unavailable, until it is loaded again', async (t) => {
  await using live = await liveService(
    { ...javascriptModel(obeyingModule, 'instance_group { count: 2 kind: KIND_CPU }'), ...simpleModel() },
    explicit,
  );
  const { service } = live;
  const crash = () => t.throwsAsync(service.infer(numbers([92])), { message: /stopped while it ran/ });
  await crash();
  await crash();
  t.deepEqual(numbersOf(await service.infer(numbers([1]))), [1], 'an execution that ends well resets the count');
  await crash();
  await crash();
  t.true(service.isModelReady({ name: 'm', version: '' }));
  await crash();
  const index = await service.repositoryIndex({ readyOnly: false });
  t.deepEqual(
    index.find(({ name }) => name === 'm'),
    {
      name: 'm',
      version: '1',
      state: 'UNAVAILABLE',
      reason: 'its instances crashed 3 times in a row, the last time with exit code 7',
    },
  );
  await t.throwsAsync(service.infer(numbers([1])), { name: 'RefusalError' });
  t.is((await service.infer(simpleRequest(1))).outputs.length, 2);
  await service.loadModel('m', new Map());
  t.deepEqual(numbersOf(await service.infer(numbers([1]))), [1]);
  await crash();
  t.true(service.isModelReady({ name: 'm', version: '' }), 'the count begins anew');
});

test.serial('requests that wait are refused when a model becomes unavailable', async (t) => {
  await using live = await liveService(javascriptModel(obeyingModule), explicit);
  const { service } = live;
  const answers = await Promise.allSettled([92, 92, 92, 1, 1].map((act) => service.infer(numbers([act]))));
  t.deepEqual(
    answers.map((answer) => answer.status === 'rejected' && answer.reason.reason),
    ['internal', 'internal', 'internal', 'unavailable', 'unavailable'],
  );
});

test.serial('crashes of an idle model count as well', async (t) => {
  const module = 'setTimeout(() => process.exit(5), 50); export const execute = () => [];';
  await using live = await liveService(javascriptModel(module), explicit);
  const stateOfModel = async () => (await live.service.repositoryIndex({ readyOnly: false }))[0];
  while ((await stateOfModel())?.state === 'READY') await new Promise((resolve) => setTimeout(resolve, 20));
  t.is((await stateOfModel())?.reason, 'its instances crashed 3 times in a row, the last time with exit code 5');
});

test.serial('a model that crashes in its warm-up is not loaded', async (t) => {
  const warmup = `model_warmup { name: "once" batch_size: 1
    inputs { key: "X" value { data_type: TYPE_INT32 dims: 1 zero_data: true } } }`;
  const module = obeyingModule.replace('92:', '0:');
  await t.throwsAsync(liveService(javascriptModel(module, warmup)), {
    message: /failed to run warmup sample 'once': model 'm': instance 'm_0' stopped while it ran the request/,
  });
});
