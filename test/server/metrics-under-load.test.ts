import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { parseExposition } from '../../src/protocol/exposition.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import { createUsageReader, defaultMetricsConfig, metricsText } from '../../src/server/metrics.js';
import { liveService, oneInstance, simpleModel, simpleRequest } from './live-service.js';

const everything = { name: '', version: '' };
const metrics = { ...defaultMetricsConfig, summaryLatencies: true };
const microseconds = ({ ns }: { readonly ns: number }): number => Math.floor(ns / 1000);

/** What the metrics and the statistics say of each model at the same instant: pairs that must be equal. */
function pairsOf(
  service: InferenceService,
  text: string,
): readonly [title: string, metric: number, statistic: number][] {
  const samples = parseExposition(text);
  const metricOf = (name: string, model: string, more: Readonly<Record<string, string>> = {}): number => {
    const labels = { model, ...more };
    const fits = samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
    return fits.reduce((sum, { value }) => sum + value, 0);
  };
  return service.statistics(everything).flatMap((model) => {
    const { success, fail, queue, compute_input, compute_infer, compute_output } = model.inference_stats;
    const of = (name: string, statistic: number, more = {}): [string, number, number] => [
      `${model.name} ${name}`,
      metricOf(name, model.name, more),
      statistic,
    ];
    const accepted = ['CANCELED', 'BACKEND', 'OTHER'].map((reason) =>
      metricOf('nv_inference_request_failure', model.name, { reason }),
    );
    const executions = model.batch_stats.reduce((sum, batch) => sum + batch.compute_infer.count, 0);
    const rows = model.batch_stats.reduce((sum, batch) => sum + batch.batch_size * batch.compute_infer.count, 0);
    return [
      of('nv_inference_request_success', success.count),
      of('nv_inference_count', model.inference_count),
      of('nv_inference_exec_count', model.execution_count),
      of('nv_inference_request_duration_us', microseconds(success)),
      of('nv_inference_queue_duration_us', microseconds(queue)),
      of('nv_inference_compute_input_duration_us', microseconds(compute_input)),
      of('nv_inference_compute_infer_duration_us', microseconds(compute_infer)),
      of('nv_inference_compute_output_duration_us', microseconds(compute_output)),
      ...(['request', 'queue', 'compute_input', 'compute_infer', 'compute_output'] as const).flatMap((key) => {
        const total = key === 'request' ? success : model.inference_stats[key];
        const summary = `nv_inference_${key}_summary_us`;
        return [of(`${summary}_count`, total.count), of(`${summary}_sum`, microseconds(total))];
      }),
      of('nv_inference_exec_count', executions),
      of('nv_inference_count', rows),
      [`${model.name} failures`, accepted.reduce((sum, count) => sum + count), fail.count],
    ];
  });
}

test('metrics and statistics are equal at every moment under load', async (t) => {
  await using live = await liveService(
    {
      ...simpleModel('max_batch_size: 8 dynamic_batching { default_queue_policy { max_queue_size: 12 } }'),
      'cached/config.pbtxt': oneInstance('max_batch_size: 8 response_cache { enable: true }'),
      'cached/1/model.onnx': simpleModel()['simple/1/model.onnx'] ?? new Uint8Array(0),
    },
    { cacheBytes: 2 ** 20, latencySummaries: true },
  );
  const { service } = live;
  const readUsage = createUsageReader();
  let isRunning = true;
  const sent = { ok: 0, failed: 0 };
  const client = async (modelName: string): Promise<void> => {
    for (let index = 0; isRunning; index++) {
      await turn(); // an answer from the cache needs none
      const controller = new AbortController();
      const rows = 1 + (index % 3);
      const asked = service.infer(simpleRequest(index % 5, rows, { modelName }), controller.signal);
      if (index % 7 === 0) controller.abort();
      await asked.then(
        () => sent.ok++,
        () => sent.failed++,
      );
    }
  };
  const clients = Array.from({ length: 24 }, (_, index) => client(index % 4 === 0 ? 'cached' : 'simple'));
  let moments = 0;
  for (const end = performance.now() + 1000; performance.now() < end; moments++) {
    await turn();
    for (const [title, metric, statistic] of pairsOf(service, metricsText(service, readUsage(), metrics))) {
      if (metric !== statistic) t.is(metric, statistic, title);
    }
  }
  isRunning = false;
  await Promise.all(clients);
  t.true(moments > 20);
  t.true(sent.ok > 0 && sent.failed > 0, `${sent.ok} ok, ${sent.failed} failed`);
  const models = service.statistics(everything).map(({ inference_stats }) => inference_stats);
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  t.true(sum(models.map(({ cache_hit }) => cache_hit.count)) > 0);
  t.is(sum(models.map(({ success }) => success.count)), sent.ok);
  const rejected = sum(service.failures().map(({ counts }) => counts.REJECTED));
  t.true(rejected > 0);
  t.is(sum(models.map(({ fail }) => fail.count)) + rejected, sent.failed);
});
