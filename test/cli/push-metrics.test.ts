import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { formatOpenMetrics } from '../../reports/openmetrics.js';
import { parsePushgateway, pushMetrics } from '../../src/cli/push-metrics.js';
import { levelFixture, runFixture } from '../helpers/run-fixture.js';

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

/** A receiver that answers with a status. */
async function startReceiver(status: number) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    received.push({ method, url, type: headers['content-type'], body: await text(request) });
    response.writeHead(status).end('pushed metrics are <invalid>\n');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

test('pushMetrics puts every number into the place of those of the job', async (t) => {
  await using receiver = await startReceiver(200);
  const metrics = formatOpenMetrics([runFixture([levelFixture({ latenciesMs: [1, 2] })])]);
  await pushMetrics(parsePushgateway(receiver.url), metrics);
  await pushMetrics(parsePushgateway(`${receiver.url}/metrics/job/mine/instance/a`), metrics);
  t.deepEqual(
    receiver.received.map(({ method, url, type }) => [method, url, type]),
    ['/metrics/job/perf_analyze', '/metrics/job/mine/instance/a'].map((path) => [
      'PUT',
      path,
      'text/plain; version=0.0.4; charset=utf-8',
    ]),
  );
  t.is(receiver.received[0]?.body, metrics);
  // What a Pushgateway refuses: a type that its text format does not have.
  t.deepEqual([...new Set(metrics.match(/(?<=^# TYPE \S+ )\w+$/gm))], ['gauge']);
});

test('pushMetrics tells what a Pushgateway has against it, and one that is not there', async (t) => {
  const refusing = await startReceiver(400);
  await t.throwsAsync(pushMetrics(refusing.url, 'x'), {
    code: 'unreachable', // which is exit code 5, as the manual says
    message: /Cannot push to --pushgateway .*: expected an answer of 200 or 202, got 400 pushed metrics are <invalid>/,
  });
  await refusing[Symbol.asyncDispose]();
  await t.throwsAsync(pushMetrics(refusing.url, 'x'), { message: /got .*ECONNREFUSED/ });
  t.throws(() => parsePushgateway('localhost:9091'), {
    message: "Cannot use --pushgateway: expected an address such as http://localhost:9091, got 'localhost:9091'",
  });
});
