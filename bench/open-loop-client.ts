import { planPlainLoad } from '../analyzer/load/plan-load.js';
import { inTurn } from '../analyzer/load/request-order.js';
import { measureLevel } from '../analyzer/measure/measure-level.js';
import { http1Transport } from '../analyzer/wire/http1/http1-transport.js';
import { http2Transport } from '../analyzer/wire/http2/http2-transport.js';
import { processPorts } from '../src/cli/process-ports.js';
import { systemClock } from '../src/core/clock.js';
import type { ConcurrencyLoad, RequestRateLoad } from '../src/core/load.js';
import { benchRequest } from './wire-request.js';

/**
 * One level in a process of its own, which `open-loop.ts` pins to a core: `open-loop-client.js http|grpc PORT LOAD
 * WINDOW_MS WINDOWS`, with the load as JSON, prints the level as one line of JSON.
 */
const [protocol = '', port = '', load = '', windowMs = '', windows = ''] = process.argv.slice(2);
const requests = [benchRequest(64)];
const address = `127.0.0.1:${port}`;

const level = await measureLevel(
  {
    planned: planPlainLoad(JSON.parse(load) as ConcurrencyLoad | RequestRateLoad, 0),
    batchSize: 1,
    measurement: {
      mode: 'time_windows',
      intervalMs: Number(windowMs),
      requestCount: 1,
      warmupRequestCount: 50,
      stabilityPercent: 0,
      maxTrials: Number(windows),
      maxErrorRatePercent: 1,
    },
  },
  processPorts({
    open:
      protocol === 'http'
        ? http1Transport({ origin: `http://${address}`, requests, clock: systemClock })
        : http2Transport({ address, requests, clock: systemClock }),
    order: inTurn(requests.length),
    drainLimitMs: 2000,
  }),
  new AbortController().signal,
);
process.stdout.write(`${JSON.stringify(level)}\n`);
