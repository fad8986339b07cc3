import test from 'ava';
import { noParameters } from '../../src/protocol/infer.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import { createUsageReader, metricsText } from '../../src/server/metrics.js';
import { startMetricsServer } from '../../src/server/metrics-server.js';
import { Histogram } from '../../src/server/statistics/histogram.js';
import { newLatencySummaries } from '../../src/server/statistics/latency-summary.js';
import { createInMemoryService } from '../contract/in-memory-service.js';
import { exchange } from './http/raw-socket.js';
import { stagedClock } from './staged-clock.js';

const usage = {
  cpuUtilization: 0.25,
  memoryTotalBytes: 4096,
  memoryUsedBytes: 1024,
  processCpuSeconds: 1.5,
  processResidentBytes: 512,
};

const linesOf = (service: InferenceService): string[] => metricsText(service, usage).split('\n');

const request = {
  modelName: 'identity_uint8',
  modelVersion: '',
  id: '',
  parameters: noParameters,
  inputs: [{ name: 'INPUT0', datatype: 'UINT8', shape: [1], data: Uint8Array.of(1), parameters: noParameters }],
  outputs: [],
} as const;

test('metricsText equals the statistics at every scrape', async (t) => {
  const service = createInMemoryService();
  const labels = '{model="identity_uint8",version="1"}';
  for (const requests of [0, 1, 2]) {
    const lines = linesOf(service);
    for (const [name, value] of [
      ['nv_inference_request_success', requests],
      ['nv_inference_count', requests],
      ['nv_inference_exec_count', requests],
      ['nv_inference_request_duration_us', Math.floor(requests * 1.5)],
      ['nv_inference_queue_duration_us', Math.floor(requests * 1.5)],
      ['nv_inference_compute_input_duration_us', Math.floor(requests * 1.5)],
      ['nv_inference_compute_infer_duration_us', Math.floor(requests * 1.5)],
      ['nv_inference_compute_output_duration_us', Math.floor(requests * 1.5)],
    ]) {
      t.true(lines.includes(`${name}${labels} ${value}`), `${name} ${value}`);
    }
    await service.infer(request);
  }
});

test('metricsText has pending requests, the four reasons of failure and the use of resources', (t) => {
  const lines = linesOf(createInMemoryService());
  t.true(lines.includes('nv_inference_pending_request_count{model="simple",version="1"} 3'));
  for (const [reason, count] of [
    ['REJECTED', 1],
    ['CANCELED', 2],
    ['BACKEND', 3],
    ['OTHER', 4],
  ]) {
    t.true(lines.includes(`nv_inference_request_failure{model="simple",version="1",reason="${reason}"} ${count}`));
  }
  for (const line of [
    'nv_cpu_utilization 0.25',
    'nv_cpu_memory_total_bytes 4096',
    'nv_cpu_memory_used_bytes 1024',
    'process_cpu_seconds_total 1.5',
    'process_resident_memory_bytes 512',
  ]) {
    t.true(lines.includes(line), line);
  }
});

test('metricsText follows the exposition format, each family once', (t) => {
  const text = metricsText(createInMemoryService(), usage);
  const sample = /^[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? [0-9.e+-]+$/;
  const comment = /^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge))$/;
  t.true(text.endsWith('\n'));
  for (const line of text.trimEnd().split('\n')) t.true(sample.test(line) || comment.test(line), line);
  const types = text.match(/^# TYPE \S+/gm) ?? [];
  t.is(new Set(types).size, types.length);
});

test('metricsText has the summaries that are asked for, and leaves out latencies that are not', async (t) => {
  const service = createInMemoryService();
  const config = { ...service.modelConfig({ name: 'simple', version: '' }), response_cache: { enable: true } };
  service.modelConfig = () => config;
  const summaries = newLatencySummaries(stagedClock());
  for (let ms = 1; ms <= 100; ms++) summaries.request.record(ms * 1e6);
  const firstResponses = new Histogram([100, 500]);
  for (const ms of [5, 100, 101, 600]) firstResponses.observe(ms);
  service.keptMetrics = () => [{ name: 'simple', version: '1', kept: { summaries, firstResponses } }];
  const shown = {
    counterLatencies: false,
    histogramLatencies: true,
    summaryLatencies: true,
    summaryQuantiles: [0.5, 1],
  };
  const lines = metricsText(service, usage, shown).split('\n');
  const labels = 'model="simple",version="1"';
  const samples = lines.filter((line) => line.startsWith('nv_inference_request_summary_us'));
  t.deepEqual(samples.slice(0, 2), [
    `nv_inference_request_summary_us_count{${labels}} 100`,
    `nv_inference_request_summary_us_sum{${labels}} 5050000`,
  ]);
  const quantiles = samples.slice(2).map((line) => line.split(' '));
  t.deepEqual(
    quantiles.map(([head]) => head),
    ['0.5', '1'].map((quantile) => `nv_inference_request_summary_us{${labels},quantile="${quantile}"}`),
  );
  quantiles.forEach(([, value], index) => {
    const exact = [50_000, 100_000][index] ?? 0;
    t.true(Math.abs(Number(value) - exact) <= 0.01 * exact, value);
  });
  const histogram = 'nv_inference_first_response_histogram_ms';
  t.deepEqual(lines.filter((line) => line.includes(histogram)).slice(1), [
    `# TYPE ${histogram} histogram`,
    `${histogram}_count{${labels}} 4`,
    `${histogram}_sum{${labels}} 806`,
    `${histogram}_bucket{${labels},le="100"} 2`,
    `${histogram}_bucket{${labels},le="500"} 3`,
    `${histogram}_bucket{${labels},le="+Inf"} 4`,
  ]);
  t.true(lines.includes('# TYPE nv_cache_hit_summary_per_model summary'));
  t.true(lines.includes(`nv_inference_queue_summary_us{${labels},quantile="0.5"} NaN`));
  t.deepEqual(
    lines.filter((line) => /duration/.test(line) && !/summary|nv_model_load/.test(line)),
    [],
  );
  t.false(metricsText(service, usage).includes('summary'));
});

test('metricsText escapes label values', (t) => {
  const service = createInMemoryService();
  const config = service.modelConfig({ name: 'simple', version: '' });
  service.modelConfig = () => config;
  service.pendingRequests = () => [{ name: 'a"b\\c\nd', version: '1', count: 0 }];
  t.regex(metricsText(service, usage), /nv_inference_pending_request_count\{model="a\\"b\\\\c\\nd",version="1"\} 0\n/);
});

test('metricsText has the time of loads, and the metric tags of a model as labels', (t) => {
  const service = createInMemoryService();
  const config = { ...service.modelConfig({ name: 'simple', version: '' }), metric_tags: { team: 'a', tier: 'gold' } };
  service.modelConfig = () => config;
  const labels = '{model="simple",version="1",_team="a",_tier="gold"';
  const lines = linesOf(service);
  t.true(lines.includes(`nv_model_load_duration_secs${labels}} 0.25`));
  t.true(lines.includes(`nv_inference_count${labels}} 0`));
  t.true(lines.includes(`nv_inference_request_failure${labels},reason="REJECTED"} 1`));
});

test('createUsageReader gives a share of the cores and the memory of this process', (t) => {
  const read = createUsageReader();
  for (const { cpuUtilization, memoryUsedBytes, memoryTotalBytes, processResidentBytes } of [read(), read()]) {
    t.true(cpuUtilization >= 0 && cpuUtilization <= 1);
    t.true(memoryUsedBytes > 0 && memoryUsedBytes < memoryTotalBytes);
    t.true(processResidentBytes > 0);
  }
});

test('startMetricsServer answers GET /metrics, 405 to other methods, nothing elsewhere, 500 to a bug', async (t) => {
  const service = createInMemoryService();
  const logged: string[] = [];
  const endpoint = await startMetricsServer(service, { host: '127.0.0.1', port: 0, log: (line) => logged.push(line) });
  const ask = async (line: string) => (await exchange(endpoint.port, `${line} HTTP/1.1\r\nHost: x\r\n\r\n`))[0];
  const scraped = await ask('GET /metrics?x=1');
  t.is(scraped?.status, 200);
  t.regex(scraped?.head ?? '', /Content-Type: text\/plain; charset=utf-8/);
  t.regex(scraped?.body ?? '', /^# HELP nv_inference_request_success /);
  t.is((await ask('POST /metrics'))?.status, 405);
  t.is((await ask('GET /'))?.status, 200);
  t.is((await ask('GET /'))?.body, '');
  service.statistics = () => {
    throw new TypeError('a bug');
  };
  t.is((await ask('GET /metrics'))?.body, '{"error":"internal error: a bug"}');
  t.is(logged.length, 1);
  await endpoint.close(0);
});
