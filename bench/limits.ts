import { mkdirSync, readFileSync } from 'node:fs';
import type { Run } from '../src/core/run.js';
import { createWorkplace, startServer } from '../test/helpers/cli.js';
import { writeFixedService } from '../test/helpers/fixed-service.js';
import { largestRate } from '../test/helpers/queue-truth.js';

/**
 * Service time, limit of the percentile (ms), the percentile (a share), and the longest probe: so long that of 60 simulated searches 56 and 53 are
 * within 5 %, and so short that all of it takes less than 3 min.
 */
const cases = [
  [5, 50, 0.95, '6s'],
  [10, 50, 0.95, '8s'],
] as const;

/**
 * `--find-max-rate` against models in JavaScript that take a fixed time, under Poisson arrivals: an M/D/1 queue whose answer is known. Its service
 * time is not the nominal one: between two requests the instance waits for its next message. So it is measured, in the same run: one over
 * the throughput of a closed loop that keeps it busy; what a lone request takes beyond that is outside of the queue.
 */
export async function benchLimits(): Promise<void> {
  await using place = createWorkplace();
  mkdirSync(place.path('models'));
  for (const [serviceMs] of cases) writeFixedService(place.path('models'), `fixed_${serviceMs}`, serviceMs);
  const { server, port } = await startServer(place);
  console.log(
    'at most 12 probes of 6 s, and of 8 s: less than 3 min 15 s in all; target: within 5 % of the analytic answer',
  );
  for (const [serviceMs, limitMs, percentile, longest] of cases) {
    const measured = async (...flags: readonly string[]): Promise<Run> => {
      const { code, stderr } = await place.run(
        ...['-m', `fixed_${serviceMs}`, '-u', `127.0.0.1:${port}`, ...flags, '--json', 'run.json'],
      );
      if (code !== 0 && code !== 2) throw new Error(stderr);
      return JSON.parse(readFileSync(place.path('run.json'), 'utf8')) as Run;
    };
    const { levels } = await measured('--concurrency-range', '1:4:3', '-p', '1000', '-r', '3', '-s', '1000');
    const [light, busy] = levels;
    const service = 1 / (busy?.summary.throughput ?? Number.NaN);
    const outside = (light?.summary.latency?.percentilesMs['50'] ?? Number.NaN) / 1000 - service;
    const nominal = largestRate(serviceMs / 1000, limitMs / 1000, percentile);
    const truth = largestRate(service, limitMs / 1000 - outside, percentile);
    const limit = `perf_latency_p${100 * percentile}<=${limitMs}ms`;
    const { maxRate, levels: probes } = await measured(
      ...[
        '--find-max-rate',
        limit,
        '--request-distribution',
        'poisson',
        '--request-rate-range',
        '40',
        '--max-time',
        longest,
      ],
    );
    const { rate = Number.NaN, low = Number.NaN, high = Number.NaN } = maxRate ?? {};
    const error = (of: number): string => `${(100 * (rate / of - 1)).toFixed(1)} %`;
    console.log(
      `javascript, ${serviceMs} ms, ${limit}: ${rate.toFixed(1)}/s (${low.toFixed(1)} to ${high.toFixed(1)}), ${probes.length} probes; ` +
        `analytic with the measured service time of ${(1000 * service).toFixed(3)} ms ${truth.toFixed(1)}/s, error ${error(truth)}; ` +
        `with the nominal one ${nominal.toFixed(1)}/s, error ${error(nominal)}`,
    );
  }
  server.child.kill('SIGTERM');
  await server.result;
}
