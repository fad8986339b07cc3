import { localSender } from '../analyzer/load/local-sender.js';
import { inTurn } from '../analyzer/load/request-order.js';
import { rateSchedule } from '../analyzer/load/schedule.js';
import { openThreadPacer } from '../analyzer/load/thread-pacer.js';
import { measureLevel } from '../analyzer/measure/measure-level.js';
import { http1Transport } from '../analyzer/wire/http1/http1-transport.js';
import { http2Transport } from '../analyzer/wire/http2/http2-transport.js';
import { startProcessMeter } from '../src/cli/process-meter.js';
import { systemClock } from '../src/core/clock.js';
import type { ConcurrencyLoad, RequestRateLoad } from '../src/core/run.js';
import { benchRequest } from './wire-request.js';

/**
 * One level in a process of its own, which `open-loop.ts` pins to a core: `open-loop-client.js http|grpc PORT LOAD
 * WINDOW_MS WINDOWS`, with the load as JSON, prints the level as one line of JSON.
 */
const [protocol = '', port = '', load = '', windowMs = '', windows = ''] = process.argv.slice(2);
const requests = [benchRequest(64)];
const address = `127.0.0.1:${port}`;

const planned = JSON.parse(load) as ConcurrencyLoad | RequestRateLoad;

const level = await measureLevel(
  {
    planned:
      planned.kind === 'request-rate' ? { load: planned, schedule: () => rateSchedule(planned, 0) } : { load: planned },
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
  {
    openSender: localSender({
      open:
        protocol === 'http'
          ? http1Transport({ origin: `http://${address}`, requests, clock: systemClock })
          : http2Transport({ address, requests, clock: systemClock }),
      order: inTurn(requests.length),
      clock: systemClock,
      openPacer: () => openThreadPacer(systemClock),
      drainLimitMs: 2000,
    }),
    clock: systemClock,
    startMeter: startProcessMeter,
    readStatistics: async () => undefined,
    onStart: () => undefined,
  },
  new AbortController().signal,
);
process.stdout.write(`${JSON.stringify(level)}\n`);
