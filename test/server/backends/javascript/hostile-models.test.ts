import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { liveService, requestOf, simpleModel, simpleRequest } from '../../live-service.js';
import { testRepository } from '../../model-folder.js';
import { decoupledModel } from './decoupled-model.js';
import { javascriptModel, numbers, numbersOf } from './javascript-model.js';

const limit = 'parameters { key: "execution_timeout_ms" value { string_value: "300" } }';
/** Never returns when the first element is 1, never settles when it is 2. */
const stuckModule = `export function execute(requests) {
  const [act] = requests[0].inputs.X.data;
  if (act === 1) for (;;);
  if (act === 2) return new Promise(() => {});
  return requests.map(({ inputs }) => ({ outputs: { Y: inputs.X.data } }));
}`;

for (const [act, what] of [
  [1, 'never returns'],
  [2, 'never settles'],
] as const) {
  test.serial(`execution_timeout_ms ends an execute that ${what}, and others go on meanwhile`, async (t) => {
    await using live = await liveService({ ...javascriptModel(stuckModule, limit), ...simpleModel() });
    const { service } = live;
    const stuck = t.throwsAsync(service.infer(numbers([act])), {
      message:
        "model 'm': instance 'm_0' stopped while it ran the request (execute took longer than execution_timeout_ms 300)",
    });
    t.is((await service.infer(simpleRequest(1))).outputs.length, 2);
    await stuck;
    t.deepEqual(numbersOf(await service.infer(numbers([5]))), [5]);
  });
}

test.serial('a model that never returns is unloaded when its execution timed out', async (t) => {
  await using live = await liveService(javascriptModel(stuckModule, limit), {
    modelControlMode: 'explicit',
    loadModels: ['*'],
  });
  const { service } = live;
  const stuck = t.throwsAsync(service.infer(numbers([1])), { message: /execution_timeout_ms/ });
  await service.unloadModel('m', { unloadDependents: false });
  await stuck;
  const reason = async () => (await service.repositoryIndex({ readyOnly: false }))[0]?.reason;
  while ((await reason()) === undefined) await new Promise((resolve) => setImmediate(resolve));
  t.is(await reason(), 'unloaded');
});

test.serial('a limit that is no number is refused', async (t) => {
  for (const key of ['execution_timeout_ms', 'max_heap_mb']) {
    const config = `parameters { key: "${key}" value { string_value: "1e3" } }`;
    await t.throwsAsync(liveService(javascriptModel(stuckModule, config)), {
      message: `Cannot load model 'm': parameter '${key}' of m must be a whole number above 0, got '1e3'`,
    });
  }
});

const main = fileURLToPath(new URL('../../../../src/cli/main.js', import.meta.url));

/** `serve` with a model that never returns, and the process id that it prints before. */
async function serveStuckModel(path: string) {
  const flags = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0', '--exit-timeout-secs', '0'];
  const server = spawn(process.execPath, [main, 'serve', '--model-repository', path, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const found = new Map<string, string>();
  const ended = once(server, 'exit');
  for await (const line of createInterface({ input: server.stderr })) {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url !== undefined && !found.has('url')) {
      found.set('url', url);
      fetch(`${url}/v2/models/m/generate`, { method: 'POST', body: '{"X":[1]}' }).catch(() => undefined);
    }
    const pid = /process (\d+) loops/.exec(line)?.[1];
    if (pid !== undefined) return { server, ended, pid: Number(pid) };
  }
  throw new Error('the server ended');
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test.serial('a server that leaves takes a model that never returns along', async (t) => {
  const module = `export function execute() {
    process.stderr.write('process ' + process.pid + ' loops\\n');
    for (;;);
  }`;
  await using repository = await testRepository(javascriptModel(module));
  const { server, ended, pid } = await serveStuckModel(repository.path);
  t.true(isRunning(pid));
  server.kill('SIGTERM');
  await ended;
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  t.false(isRunning(pid));
});

test.serial('a decoupled model that does not wait for its client fails at 64 MiB', async (t) => {
  const module = `export function execute([request]) {
    for (;;) void request.send({ outputs: { Y: new Int32Array(4 * 1024 * 1024) } });
  }`;
  await using live = await liveService(decoupledModel('', module));
  const kinds: string[] = [];
  let failure = '';
  await live.service.inferStream(numbers([1]), {
    onAnswer: (answer) => {
      kinds.push(answer.kind);
      if (answer.kind === 'error') failure = answer.refusal.message;
      return undefined;
    },
  });
  t.deepEqual(
    kinds,
    ['outputs', 'outputs', 'outputs', 'outputs', 'error'].map((kind) => kind.replace('outputs', 'response')),
  );
  t.regex(failure, /64 MiB wait for the client; expected the model to await what send returns$/);
});

test.serial('a line without an end does not fill the memory of the server', async (t) => {
  const module = `export function execute(requests) {
    process.stdout.write('x'.repeat(5e6) + '\\nnext\\n');
    return requests.map(({ inputs }) => ({ outputs: { Y: inputs.X.data } }));
  }`;
  await using live = await liveService(javascriptModel(module));
  await live.service.infer(numbers([1]));
  while (!live.lines.some((line) => line.endsWith('m_0: next'))) await new Promise((resolve) => setImmediate(resolve));
  t.true(live.lines.every((line) => line.length < 3000));
});

test.serial('tensors of 40 MB go through a javascript model', async (t) => {
  const module = `export const execute = (requests) => requests.map(({ inputs }) => ({ outputs: { Y: inputs.X.data } }));`;
  await using live = await liveService(javascriptModel(module));
  const data = Int32Array.from({ length: 10_000_000 }, (_, index) => index);
  const { outputs } = await live.service.infer(
    requestOf('m', { X: { datatype: 'INT32', shape: [data.length], data } }),
  );
  t.is(Buffer.compare(outputs[0]?.data ?? new Uint8Array(0), new Uint8Array(data.buffer)), 0);
});
