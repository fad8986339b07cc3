import { localSender } from '../../analyzer/load/local-sender.js';
import { planPlainLoad } from '../../analyzer/load/plan-load.js';
import { inTurn } from '../../analyzer/load/request-order.js';
import { type LevelOptions, type LevelPorts, measureLevel } from '../../analyzer/measure/measure-level.js';
import type { Failure } from '../../src/core/failure.js';
import type { ConcurrencyLoad, RequestRateLoad } from '../../src/core/load.js';
import type { Level } from '../../src/core/run.js';
import type { MeasurementSettings } from '../../src/core/run-settings.js';
import { toMs } from '../../src/core/units.js';
import { idleClient } from './run-fixture.js';
import { simulatedPacer } from './simulated-pacer.js';
import { createSimulatedServer, type SimulatedServer, type SimulatedServerOptions } from './simulated-server.js';
import { createSimulation, type Simulation } from './simulation.js';

export const adaptiveMeasurement: MeasurementSettings = {
  mode: 'adaptive',
  adaptive: { precisionPercent: 5, minMs: 2000, maxMs: 15_000 },
  intervalMs: 500,
  requestCount: 50,
  warmupRequestCount: 0,
  stabilityPercent: 10,
  maxTrials: 30,
  maxErrorRatePercent: 1,
};

export interface SimulatedLevel extends Partial<Omit<LevelOptions, 'planned'>> {
  /** One request in flight unless given. */
  readonly load?: ConcurrencyLoad | RequestRateLoad;
  /** Of the n-th request, sent at a time. */
  readonly serviceMs: (index: number, nowMs: number) => number;
  readonly servers?: number;
  readonly failure?: (index: number, nowMs: number) => Failure | undefined;
  readonly holdUntilMs?: SimulatedServerOptions['holdUntilMs'];
  /** Of the thread that sends. */
  readonly busyShare?: number;
  /** Of an open loop: so late it is woken for a request that is due at a time. */
  readonly lateMs?: (dueMs: number) => number;
}

/** One level, adaptive unless settings say otherwise, of a simulated server in simulated time. */
export function measureSimulated(setup: SimulatedLevel): Promise<Level> {
  const {
    load = { kind: 'concurrency', concurrency: 1 },
    serviceMs: _serviceMs,
    servers: _servers,
    failure: _failure,
    holdUntilMs: _holdUntilMs,
    busyShare: _busyShare,
    lateMs: _lateMs,
    ...options
  } = setup;
  const { simulation, ports } = simulatedPorts(setup);
  return simulation.run(
    measureLevel(
      { batchSize: 1, measurement: adaptiveMeasurement, planned: planPlainLoad(load, 0), ...options },
      ports,
      new AbortController().signal,
    ),
  );
}

export interface SimulatedPorts {
  readonly simulation: Simulation;
  readonly server: SimulatedServer;
  readonly ports: LevelPorts;
}

/** A simulated server, and what measures it. */
export function simulatedPorts({
  serviceMs,
  servers,
  failure,
  holdUntilMs,
  busyShare,
  lateMs = () => 0,
}: Pick<SimulatedLevel, 'serviceMs' | 'servers' | 'failure' | 'holdUntilMs' | 'busyShare' | 'lateMs'>): SimulatedPorts {
  const simulation = createSimulation();
  const nowMs = (): number => toMs(simulation.clock.now());
  const server = createSimulatedServer(simulation, {
    serviceMs: (index) => serviceMs(index, nowMs()),
    ...(servers === undefined ? {} : { servers }),
    ...(failure === undefined ? {} : { failure: (index) => failure(index, nowMs()) }),
    ...(holdUntilMs === undefined ? {} : { holdUntilMs }),
  });
  const { cpuMsPerRequest: _perRequest, ...reading } = idleClient;
  return {
    simulation,
    server,
    ports: {
      openSender: localSender({
        open: server.open,
        order: inTurn(1),
        clock: simulation.clock,
        openPacer: async () => simulatedPacer(simulation, (due) => lateMs(toMs(due))),
        drainLimitMs: 1000,
      }),
      clock: simulation.clock,
      startMeter: () => ({
        read: async () => ({ ...reading, cpuMs: 1, ...(busyShare === undefined ? {} : { busyShare }) }),
        [Symbol.dispose]: () => undefined,
      }),
      readStatistics: async () => server.statistics(),
      onStart: () => undefined,
    },
  };
}
