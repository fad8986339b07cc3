import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { formatText } from '../../reports/text.js';
import { collectMetrics } from '../../src/cli/collect-metrics.js';
import { createWorkplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { levelFixture, runFixture } from '../helpers/run-fixture.js';
import { startV2Stub, v2Answer } from '../helpers/v2-stub.js';

/** Windows that always hold answers, so that no stall of the machine makes a level unstable. */
const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '200', '-r', '3', '-s', '100000'];
const simple = ['-m', 'simple', '--service-kind', 'embedded', ...brief];

test("perf-analyze finds the embedded server's metrics by itself", async (t) => {
  await using place = createWorkplace();
  const { code, stdout, stderr } = await place.run(
    ...simple,
    ...['--collect-metrics', '--metrics-interval', '50', '--json', 'run.json'],
  );
  t.is(code, 0, stderr);
  t.regex(stdout, /Server, from its metrics endpoint\n(.*\n){2} +1 +CPU +[\d.]+ /);
  const [level] = readRun(place, 'run.json').levels;
  const series = level?.metrics?.series ?? [];
  t.true((level?.metrics?.polls ?? 0) >= 1);
  const counted = series.find(({ name }) => name === 'nv_inference_count');
  t.deepEqual(counted?.labels, { model: 'simple', version: '1' });
  // The polls around the windows cover what the windows saw, but for what was on its way at their bounds.
  const requests = level?.summary.requests ?? Number.POSITIVE_INFINITY;
  t.true(counted?.kind === 'counter' && counted.increase >= requests / 2);
  t.deepEqual(place.leftovers(), []);
});

test('perf-analyze puts the GPUs of --metrics-url into the verbose CSV', async (t) => {
  await using place = createWorkplace();
  const server = createServer((_request, response) =>
    response.end('nv_gpu_utilization{gpu_uuid="GPU-1"} 0.5\nnv_gpu_power_usage{gpu_uuid="GPU-1",pci="0"} 7e1\n'),
  );
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  const { port } = server.address() as AddressInfo;
  await using stub = await startV2Stub((response) => response.end(v2Answer));
  const { code, stderr } = await runIn(
    place,
    ...['-m', 'm', '-u', stub.url, ...brief],
    ...['--collect-metrics', '--metrics-url', `http://127.0.0.1:${port}/metrics`, '-f', 'perf.csv', '--verbose-csv'],
  );
  server.closeAllConnections();
  server.close();
  t.is(code, 0, stderr);
  const [header = '', row = ''] = readFileSync(place.path('perf.csv'), 'utf8').split('\n');
  const first = header.split(',').indexOf('Avg GPU Utilization');
  t.deepEqual(
    [header, row].map((line) => line.split(',').slice(first, first + 4)),
    [
      ['Avg GPU Utilization', 'Avg GPU Power Usage', 'Max GPU Memory Usage', 'Total GPU Memory'],
      ['GPU-1:0.5;', 'GPU-1:70;', '', ''],
    ],
  );
});

test('perf-analyze refuses to collect metrics where there are none', async (t) => {
  await using place = createWorkplace();
  await using stub = await startV2Stub((response) => response.end(v2Answer));
  const { code, stderr } = await runIn(
    place,
    ...['-m', 'm', '-u', stub.url],
    '--collect-metrics',
    '--metrics-url',
    'http://127.0.0.1:1/metrics',
  );
  t.is(code, 5);
  t.regex(
    stderr,
    /perf-analyze: Cannot collect metrics: expected a metrics endpoint, got no answer from http:\/\/127\.0\.0\.1:1\/metrics: .*ECONNREFUSED/,
  );
  t.is(stub.inferences(), 0);
});

test('collectMetrics asks every server, names it in the labels, and goes on without one that is gone', async (t) => {
  const servers = await Promise.all(
    [0.25, 0.5].map(async (use) => {
      const server = createServer((_request, response) =>
        response.end(
          `nv_cpu_utilization ${use}\nnv_inference_count{model="simple"} 1\nnv_inference_count{model="x"} 9\n`,
        ),
      );
      await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
      const { port } = server.address() as AddressInfo;
      return { server, url: `h:${use}`, metricsUrl: `http://127.0.0.1:${port}/metrics` };
    }),
  );
  const end = ({ server }: (typeof servers)[number]) => {
    server.closeAllConnections();
    server.close();
  };
  const settings = { ...runFixture([]).settings, modelName: 'simple', metrics: { intervalMs: 10 } };
  await using metrics = await collectMetrics(settings, { servers, tls: undefined });
  const said = (await metrics?.source.read()) ?? [];
  t.deepEqual(
    said.map(({ name, labels }) => [name, labels]),
    ['h:0.25', 'h:0.5'].flatMap((server) => [
      ['nv_cpu_utilization', { server }],
      ['nv_inference_count', { model: 'simple', server }],
    ]),
  );
  const gauges = said.map(({ name, labels, value }) => ({
    ...{ name, labels, kind: 'gauge' as const, mean: value },
    ...{ min: value, max: value },
  }));
  const level = levelFixture({ latenciesMs: [1], metrics: { polls: 1, series: gauges } });
  const text = formatText(runFixture([level]));
  t.regex(text, /1 {2}CPU of h:0.25 +25.0 /);
  t.regex(text, /1 {2}CPU of h:0.5 +50.0 /);
  servers.slice(0, 1).forEach(end);
  t.deepEqual([...new Set((await metrics?.source.read())?.map(({ labels }) => labels['server']))], ['h:0.5']);
  servers.slice(1).forEach(end);
  t.is(await metrics?.source.read(), undefined);
});
