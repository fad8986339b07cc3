import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { ServerMessage } from '../../src/cli/serve-host.js';
import { exchange } from '../server/http/raw-socket.js';

const entry = fileURLToPath(new URL('serve-entry.js', import.meta.url));
const anyPorts = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0'];

interface Launched extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Exit code or signal. */
  readonly ended: Promise<number | string>;
  readonly lines: string[];
  /** Resolves with the first line that matches. */
  line(pattern: RegExp): Promise<string>;
}

function launch(
  flags: readonly string[],
  { ipc, env = {} }: { readonly ipc: boolean; readonly env?: Record<string, string> },
): Launched {
  const child = spawn(process.execPath, [entry, '--model-repository', 'x', ...flags], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    for (const watch of watchers) watch();
  });
  // Node emits no `close` when this side disconnects.
  const ended = once(child, ipc ? 'exit' : 'close').then(([code, signal]) => (signal ?? code) as number | string);
  const line = (pattern: RegExp) =>
    new Promise<string>((resolve) => {
      const watch = () => {
        const found = lines.find((each) => pattern.test(each));
        if (found !== undefined) resolve(found);
      };
      watchers.add(watch);
      watch();
    });
  const dispose = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { child, ended, lines, line, [Symbol.asyncDispose]: dispose };
}

const portIn = (line: string): number => Number(/:(\d+)/.exec(line.replace('://', ''))?.[1]);

async function messageFrom({ child }: Launched): Promise<ServerMessage> {
  const [message] = await once(child, 'message');
  return message as ServerMessage;
}

const live = 'GET /v2/health/live HTTP/1.1\r\n\r\n';

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`serve prints its endpoints, and at ${signal} closes the service and exits 0`, async (t) => {
    await using server = launch(anyPorts, { ipc: false });
    const http = portIn(await server.line(/^HTTP +http:\/\/127\.0\.0\.1:\d+$/));
    await server.line(/^metrics +http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    t.regex(await server.line(/^gRPC/), /^gRPC +127\.0\.0\.1:\d+$/);
    t.is((await exchange(http, live))[0]?.status, 200);
    server.child.kill(signal);
    t.is(await server.ended, 0);
    t.is(server.lines.at(-1), 'service closed');
  });
}

/** Leaves an inference in flight that never ends by itself. */
async function occupy(port: number) {
  const body = '{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1],"data":[1]}]}';
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  const head = `POST /v2/models/stuck/infer HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.write(`${live}${head}${body}`);
  await once(socket, 'data'); // the first reply: what follows is on its way
}

test('serve waits for what is in flight, and leaves at once at the second signal', async (t) => {
  await using server = launch(anyPorts, { ipc: false });
  const http = portIn(await server.line(/^HTTP/));
  await server.line(/^metrics/);
  await occupy(http);
  server.child.kill('SIGTERM');
  await refused(http);
  server.child.kill('SIGTERM');
  t.is(await server.ended, 130);
});

/** Resolves when nothing listens there any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    if ((await exchange(port, live)).length === 0) return;
  }
}

test('serve cuts what is in flight after --exit-timeout-secs', async (t) => {
  await using server = launch([...anyPorts, '--exit-timeout-secs', '0'], { ipc: false });
  const http = portIn(await server.line(/^HTTP/));
  await server.line(/^metrics/);
  await occupy(http);
  server.child.kill('SIGTERM');
  t.is(await server.ended, 0);
});

test('serve leaves after --exit-timeout-secs, although a model computes on', async (t) => {
  const env = { TEST_COMPUTES_ON: '1' };
  await using server = launch([...anyPorts, '--exit-timeout-secs', '0'], { ipc: false, env });
  await server.line(/^metrics/);
  server.child.kill('SIGTERM');
  t.is(await server.ended, 130);
  t.regex(server.lines.at(-1) ?? '', /^warning: a model still computes after --exit-timeout-secs 0: leaving$/);
});

test('serve tells its parent the ports, ignores SIGINT and ends when the channel closes', async (t) => {
  await using server = launch(anyPorts, { ipc: true });
  const message = await messageFrom(server);
  t.is(message.kind, 'ready');
  const ports = message.kind === 'ready' ? message.ports : {};
  t.deepEqual(Object.keys(ports), ['http', 'grpc', 'metrics']);
  server.child.kill('SIGINT');
  t.is((await exchange(ports.http ?? 0, live))[0]?.status, 200);
  server.child.disconnect();
  t.is(await server.ended, 0);
});

test('serve opens the ports that are allowed, and warns once of flags that change nothing', async (t) => {
  const flags = [...anyPorts, '--allow-grpc', 'false', '--allow-metrics=false', '--http-thread-count=8', '--id', 'x'];
  await using server = launch(flags, { ipc: true });
  const message = await messageFrom(server);
  t.deepEqual(message.kind === 'ready' && Object.keys(message.ports), ['http']);
  server.child.kill('SIGTERM');
  t.is(await server.ended, 0);
  t.is(server.lines[0], 'warning: these flags of tritonserver change nothing here: --http-thread-count, --id');
  t.deepEqual(
    server.lines.filter((line) => /^(gRPC|metrics|warning)/.test(line)),
    server.lines.slice(0, 1),
  );
});

test('serve ends at SIGTERM although the channel is open', async (t) => {
  await using server = launch(anyPorts, { ipc: true });
  await messageFrom(server);
  server.child.kill('SIGTERM');
  t.is(await server.ended, 0);
});

test('serve tells its parent why it failed', async (t) => {
  await using first = launch(anyPorts, { ipc: false });
  const port = portIn(await first.line(/^HTTP/));
  await using second = launch([...anyPorts, '--http-port', String(port)].slice(2), { ipc: true });
  const message = await messageFrom(second);
  t.like(message, {
    kind: 'failed',
    code: 'usage',
    message: `Cannot listen on 127.0.0.1:${port} (--http-port): expected a free port, got one in use`,
  });
  t.is(await second.ended, 64);
});

test('serve does not begin when its parent went away before it listened', async (t) => {
  await using server = launch(anyPorts, { ipc: true, env: { TEST_STARTS_LATE: '' } });
  server.child.disconnect();
  t.is(await server.ended, 130);
  t.deepEqual(
    server.lines.filter((line) => line !== ''),
    [],
  );
});
