import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { constantRate } from '../../../analyzer/load/constant-rate.js';
import { planPlainLoad } from '../../../analyzer/load/plan-load.js';
import { inTurn } from '../../../analyzer/load/request-order.js';
import { measureLevel } from '../../../analyzer/measure/measure-level.js';
import { findTrustedRate, type TrustedRate } from '../../../analyzer/trusted-rate.js';
import { http1Transport } from '../../../analyzer/wire/http1/http1-transport.js';
import { systemClock } from '../../core/clock.js';
import type { ConcurrencyLoad, Load, RequestRateLoad } from '../../core/load.js';
import type { Level } from '../../core/run.js';
import type { MeasurementSettings } from '../../core/run-settings.js';
import { type InferRequest, noParameters } from '../../protocol/infer.js';
import { processPorts } from '../process-ports.js';

/** What the client can do on this machine, measured against a server that costs next to nothing. */
export interface Calibration extends TrustedRate {
  /** One and sixteen requests in flight. */
  readonly closedLoop: readonly Level[];
}

const levelMs = 1000;
const warmupRequests = 200;
const maxInFlight = 1024;
const largestRate = 64_000;
const tensorBytes = 64;

const measurement: MeasurementSettings = {
  mode: 'time_windows',
  intervalMs: levelMs,
  requestCount: 1,
  warmupRequestCount: warmupRequests,
  stabilityPercent: 0,
  maxTrials: 1,
  maxErrorRatePercent: 0,
};

const request: InferRequest = {
  modelName: 'null',
  modelVersion: '',
  id: '',
  parameters: noParameters,
  inputs: [
    {
      name: 'IN',
      datatype: 'UINT8',
      shape: [tensorBytes],
      data: Buffer.alloc(tensorBytes, 1),
      parameters: noParameters,
    },
  ],
  outputs: [],
};

/**
 * Measures this client against a null server of its own over HTTP on the loopback, for at most 15 s.
 *
 * @param onLevel hears of each level before it is measured
 */
export async function calibrate(onLevel: (load: Load) => void, signal: AbortSignal): Promise<Calibration> {
  await using server = await startNullServer();
  const ports = processPorts({
    open: http1Transport({ origin: `http://127.0.0.1:${server.port}`, requests: [request], clock: systemClock }),
    order: inTurn(1),
    drainLimitMs: 1000,
  });
  const measure = (load: ConcurrencyLoad | RequestRateLoad): Promise<Level> => {
    onLevel(load);
    return measureLevel({ planned: planPlainLoad(load, 0), batchSize: 1, measurement }, ports, signal);
  };
  const closedLoop = [
    await measure({ kind: 'concurrency', concurrency: 1 }),
    await measure({ kind: 'concurrency', concurrency: 16 }),
  ];
  const openLoop = await findTrustedRate(
    (requestsPerSecond) => measure(constantRate(requestsPerSecond, maxInFlight)),
    largestRate,
  );
  return { closedLoop, ...openLoop };
}

async function startNullServer(): Promise<{ readonly port: number } & AsyncDisposable> {
  const child = fork(fileURLToPath(new URL('./null-server.js', import.meta.url)), { execArgv: [] });
  const exited = once(child, 'exit');
  const [port] = (await Promise.race([once(child, 'message'), exited.then(() => [0])])) as [number];
  if (port === 0) throw new Error('the null server ended before it listened');
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
