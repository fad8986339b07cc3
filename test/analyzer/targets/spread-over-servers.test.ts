import test from 'ava';
import { spreadOverServers } from '../../../analyzer/targets/spread-over-servers.js';
import type { OpenTransport } from '../../../analyzer/wire/transport.js';

test('spreadOverServers gives each server the requests of its numbers, and closes them all', async (t) => {
  const seen: string[] = [];
  const server =
    (name: string): OpenTransport =>
    () => ({
      send: (request, token) => seen.push(`${name} ${request} ${token}`),
      [Symbol.asyncDispose]: async () => {
        seen.push(`${name} closed`);
      },
    });
  const open = spreadOverServers([server('x'), server('y')], 3);
  const transport = open({ concurrency: 4, onReply: () => undefined });
  for (const [token, request] of [0, 3, 5, 2].entries()) transport.send(request, token);
  t.throws(() => transport.send(6, 4), { instanceOf: RangeError });
  await transport[Symbol.asyncDispose]();
  t.deepEqual(seen, ['x 0 0', 'y 0 1', 'y 2 2', 'x 2 3', 'x closed', 'y closed']);
});

test('spreadOverServers leaves a single server as it is', (t) => {
  const open: OpenTransport = () => ({ send: () => undefined, [Symbol.asyncDispose]: async () => undefined });
  t.is(spreadOverServers([open], 3), open);
});
