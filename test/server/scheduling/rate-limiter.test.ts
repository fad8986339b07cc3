import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { fromMs } from '../../../src/core/units.js';
import type { RateLimiterConfig } from '../../../src/protocol/model-config.js';
import type { Batch, ModelInstance } from '../../../src/server/backends/backend.js';
import { limitedInstance } from '../../../src/server/scheduling/limited-instance.js';
import { type InstanceTurns, instanceNeeds, RateLimiter } from '../../../src/server/scheduling/rate-limiter.js';
import { liveService, simpleModel, simpleRequest } from '../live-service.js';
import { stagedClock } from '../staged-clock.js';

const needs = (resources: Readonly<Record<string, number>>, priority = 0, global = false): RateLimiterConfig => ({
  resources: Object.entries(resources).map(([name, count]) => ({ name, count, global })),
  priority,
});
const join = (limiter: RateLimiter, config: RateLimiterConfig) => limiter.join(instanceNeeds(config));

/** Executions that are ended by hand. */
function stage() {
  const running: string[] = [];
  const order: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, turns: InstanceTurns) =>
    turns.run(
      () =>
        new Promise<void>((resolve) => {
          running.push(name);
          order.push(name);
          ends.set(name, () => {
            running.splice(running.indexOf(name), 1);
            resolve();
          });
        }),
    );
  const end = async (name: string) => {
    ends.get(name)?.();
    await setImmediate();
    await setImmediate();
  };
  return { running, order, run, end };
}

test('RateLimiter lets run what fits into the pool, and the next when something is free', async (t) => {
  const limiter = new RateLimiter(new Map([['r', 3]]));
  const { running, run, end } = stage();
  void run('a', join(limiter, needs({ R: 2 })));
  void run('b', join(limiter, needs({ r: 2 })));
  void run('c', join(limiter, needs({ other: 1 })));
  await setImmediate();
  t.deepEqual(running, ['a', 'c']);
  await end('a');
  t.deepEqual(running, ['c', 'b']);
});

test('RateLimiter has as much of a resource as the neediest instance needs, unless it is told', async (t) => {
  const limiter = new RateLimiter(new Map());
  const { running, run } = stage();
  join(limiter, needs({ r: 2 }));
  for (const name of 'abc') void run(name, join(limiter, needs({ r: 1 })));
  await setImmediate();
  t.deepEqual(running, ['a', 'b']);
});

test('RateLimiter lets nobody pass who waits for the same resource', async (t) => {
  const limiter = new RateLimiter(new Map([['r', 2]]));
  const { running, run, end } = stage();
  void run('small', join(limiter, needs({ r: 1 })));
  void run('large', join(limiter, needs({ r: 2 })));
  void run('later', join(limiter, needs({ r: 1 })));
  await setImmediate();
  t.deepEqual(running, ['small']);
  await end('small');
  t.deepEqual(running, ['large']);
  await end('large');
  t.deepEqual(running, ['later']);
});

test('RateLimiter gives priority 2 half as many turns as priority 1', async (t) => {
  const limiter = new RateLimiter(new Map([['r', 1]]));
  const { order, run, end } = stage();
  const [first, second] = [join(limiter, needs({ r: 1 }, 1)), join(limiter, needs({ r: 1 }, 2))];
  const goOn = async (name: string, turns: InstanceTurns) => {
    while (order.length < 30) await run(name, turns);
  };
  void goOn('first', first);
  void goOn('second', second);
  await setImmediate();
  while (order.length < 30) await end(order.at(-1) ?? '');
  t.is(order.filter((name) => name === 'first').length, 20);
});

test('RateLimiter lets who joins later not go before all others for as long as they have run', async (t) => {
  const limiter = new RateLimiter(new Map([['r', 1]]));
  const { order, run, end } = stage();
  const goOn = async (name: string, turns: InstanceTurns) => {
    while (order.length < 40) await run(name, turns);
  };
  void goOn('first', join(limiter, needs({ r: 1 }, 1)));
  await setImmediate();
  while (order.length < 20) await end(order.at(-1) ?? '');
  void goOn('later', join(limiter, needs({ r: 1 }, 1)));
  while (order.length < 40) await end(order.at(-1) ?? '');
  const turnsOfLater = order.slice(20).filter((name) => name === 'later').length;
  t.true(turnsOfLater >= 9 && turnsOfLater <= 11, `${turnsOfLater} of 20`);
});

test('RateLimiter frees what an execution held that failed', async (t) => {
  const limiter = new RateLimiter(new Map([['r', 1]]));
  const [first, second] = [join(limiter, needs({ r: 1 })), join(limiter, needs({ r: 1 }))];
  await t.throwsAsync(
    first.run(async () => {
      throw new Error('broken');
    }),
    { message: 'broken' },
  );
  t.is(await second.run(async () => 7), 7);
});

test('RateLimiter refuses needs above the pool, and a resource of both kinds', (t) => {
  const limiter = new RateLimiter(new Map([['r', 2]]));
  t.throws(() => join(limiter, needs({ R: 3 })), {
    message:
      'Resource count for "R" is limited to 2 which will prevent scheduling of one or more model instances, ' +
      'the minimum required count is 3',
  });
  join(limiter, needs({ r: 1 }));
  t.throws(() => join(limiter, needs({ r: 1 }, 1, true)), { message: /both global and device-specific/ });
});

const limited = (count: number) =>
  `max_batch_size: 8 instance_group { count: 2 kind: KIND_CPU rate_limiter { resources { name: "R" count: ${count} } } }
   parameters { key: "intra_op_thread_count" value { string_value: "1" } }`;

test('limitedInstance says when the batch could begin: the wait for others is none of the execution', async (t) => {
  const limiter = new RateLimiter(new Map([['r', 1]]));
  const clock = stagedClock();
  const { run, end } = stage();
  void run('other', join(limiter, needs({ r: 1 })));
  const inner: ModelInstance = {
    name: 'i',
    graph: { inputs: [], outputs: [] },
    recovery: undefined,
    execute: async () => ({ computeStart: clock.now(), computeEnd: clock.now(), outputs: [] }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const instance = limitedInstance(inner, join(limiter, needs({ r: 1 })), clock);
  const execution = instance.execute({ requests: [] } as unknown as Batch);
  await clock.advanceTo(fromMs(5));
  await end('other');
  t.is((await execution).start, fromMs(5));
});

test('a limited model answers all requests', async (t) => {
  const files = { 'simple/config.pbtxt': limited(1), ...pick(simpleModel(), 'simple/1/model.onnx') };
  await using live = await liveService(files, { rateLimit: new Map([['r', 1]]) });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => live.service.infer(simpleRequest(index))));
  t.is(answers.length, 20);
});

test('needs above the pool fail the load; without the limiter they mean nothing', async (t) => {
  const files = { 'simple/config.pbtxt': limited(2), ...pick(simpleModel(), 'simple/1/model.onnx') };
  await t.throwsAsync(liveService(files, { rateLimit: new Map([['r', 1]]) }), {
    message: /Cannot load model 'simple': Resource count for "R" is limited to 1/,
  });
  await using live = await liveService(files);
  t.is((await live.service.infer(simpleRequest(1))).modelName, 'simple');
});

const pick = (files: Readonly<Record<string, string | Uint8Array>>, name: string) => ({ [name]: files[name] ?? '' });
