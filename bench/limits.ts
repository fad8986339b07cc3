import { mkdirSync, readFileSync } from 'node:fs';
import type { Run } from '../src/core/run.js';
import { createWorkplace, startServer } from '../test/helpers/cli.js';
import { writeFixedService } from '../test/helpers/fixed-service.js';
import { largestRate } from '../test/helpers/queue-truth.js';
import { formatSpread, spreadOf } from './spread.js';

/** Service time, limit of the percentile (ms), the percentile (a share), and the longest probe: searches take some 95 and 150 s. */
const cases = [
  [5, 50, 0.95, '10s'],
  [10, 50, 0.95, '15s'],
] as const;
const searches = 3;

/** What a lone request takes beyond the service time, and that (seconds). */
interface Server {
  readonly service: number;
  readonly outside: number;
}

/**
 * `--find-max-rate` against models in JavaScript that take a fixed time, under Poisson arrivals: an M/D/1 queue whose answer is known. Its service
 * time is not the nominal one: between two requests the instance waits for its next message. So it is measured before and after each search:
 * one over the throughput of a closed loop that keeps it busy; what a lone request takes beyond that is outside of the queue.
 */
export async function benchLimits(): Promise<void> {
  await using place = createWorkplace();
  mkdirSync(place.path('models'));
  for (const [serviceMs] of cases) writeFixedService(place.path('models'), `fixed_${serviceMs}`, serviceMs);
  const { server, port } = await startServer(place);
  console.log(`at most 12 probes, ${searches} searches each; target: within 5 % of the analytic answer`);
  for (const [serviceMs, limitMs, percentile, longest] of cases) {
    const measured = async (...flags: readonly string[]): Promise<Run> => {
      const { code, stderr } = await place.run(
        ...['-m', `fixed_${serviceMs}`, '-u', `127.0.0.1:${port}`, ...flags, '--json', 'run.json'],
      );
      if (code !== 0 && code !== 2) throw new Error(stderr);
      return JSON.parse(readFileSync(place.path('run.json'), 'utf8')) as Run;
    };
    const limit = `perf_latency_p${100 * percentile}<=${limitMs}ms`;
    const open = ['--request-distribution', 'poisson', '--request-rate-range', '40', '--max-time', longest];
    const errors: number[] = [];
    let before = serverOf(await measured(...closedLoop));
    for (let search = 1; search <= searches; search++) {
      const begunAt = performance.now();
      const run = await measured('--find-max-rate', limit, ...open, '--seed', String(search));
      const seconds = (performance.now() - begunAt) / 1000;
      const after = serverOf(await measured(...closedLoop));
      const service = (before.service + after.service) / 2;
      const truth = largestRate(service, limitMs / 1000 - (before.outside + after.outside) / 2, percentile);
      before = after;
      const { rate = Number.NaN, low = Number.NaN, high = Number.NaN } = run.maxRate ?? {};
      errors.push(100 * (rate / truth - 1));
      console.log(
        `javascript, ${serviceMs} ms, ${limit}: ${rate.toFixed(1)}/s (${low.toFixed(1)} to ${high.toFixed(1)}), ` +
          `${run.levels.length} probes in ${seconds.toFixed(0)} s; analytic with the measured service time of ` +
          `${(1000 * service).toFixed(3)} ms ${truth.toFixed(1)}/s, error ${errors.at(-1)?.toFixed(1)} %`,
      );
    }
    const within = errors.filter((error) => Math.abs(error) <= 5).length;
    console.log(`  error ${formatSpread(spreadOf(errors), 1)} %, ${within} of ${searches} within 5 %`);
  }
  server.child.kill('SIGTERM');
  await server.result;
}

const closedLoop = ['--concurrency-range', '1:4:3', '-p', '1000', '-r', '3', '-s', '1000'];

function serverOf({ levels: [light, busy] }: Run): Server {
  const service = 1 / (busy?.summary.throughput ?? Number.NaN);
  return { service, outside: (light?.summary.latency?.percentilesMs['50'] ?? Number.NaN) / 1000 - service };
}
