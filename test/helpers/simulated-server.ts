import type { OnReply, OpenTransport, Transport } from '../../analyzer/wire/transport.js';
import type { Failure } from '../../src/core/failure.js';
import { fromMs, minus, type Nanoseconds, ns, plus, toMs } from '../../src/core/units.js';
import type { ModelStatistics } from '../../src/protocol/statistics.js';
import type { Simulation } from './simulation.js';

export interface SimulatedServerOptions {
  /** Service time of the n-th request. */
  readonly serviceMs: (index: number) => number;
  /** How many requests are served at a time; the others queue, first come first served. */
  readonly servers?: number;
  /** When a request that comes at a time is looked at; at once unless given. */
  readonly holdUntilMs?: (nowMs: number) => number;
  readonly failure?: (index: number) => Failure | undefined;
}

/** A queue with known behaviour behind the transport port, with the statistics that a v2 server would keep. */
export interface SimulatedServer {
  readonly open: OpenTransport;
  readonly sent: readonly { readonly request: number; readonly at: Nanoseconds }[];
  largestInFlight(): number;
  /** How often a transport was opened. */
  opened(): number;
  statistics(): ModelStatistics[];
}

export function createSimulatedServer(simulation: Simulation, options: SimulatedServerOptions): SimulatedServer {
  const { clock } = simulation;
  const freeAt: Nanoseconds[] = Array.from({ length: options.servers ?? 1 }, () => ns(0));
  const sent: { request: number; at: Nanoseconds }[] = [];
  let inFlight = 0;
  let largest = 0;
  let success = 0;
  let successNs = 0;
  let queueNs = 0;

  let opened = 0;
  const open: OpenTransport = ({ onReply }) => {
    opened++;
    return transportFor(onReply);
  };
  const transportFor = (onReply: OnReply): Transport => ({
    send: (request, token) => {
      const now = clock.now();
      const index = sent.push({ request, at: now }) - 1;
      inFlight++;
      largest = Math.max(largest, inFlight);
      const worker = freeAt.indexOf(ns(Math.min(...freeAt)));
      const heldUntil = fromMs(options.holdUntilMs?.(toMs(now)) ?? 0);
      const startAt = ns(Math.max(now, heldUntil, freeAt[worker] ?? 0));
      const endAt = plus(startAt, fromMs(options.serviceMs(index)));
      freeAt[worker] = endAt;
      const failure = options.failure?.(index);
      simulation.after(toMs(minus(endAt, now)), () => {
        inFlight--;
        if (failure === undefined) {
          success++;
          successNs += endAt - now;
          queueNs += startAt - now;
        }
        onReply(token, failure, endAt, endAt);
      });
    },
    [Symbol.asyncDispose]: async () => undefined,
  });

  const statistics = (): ModelStatistics[] => {
    const duration = (total: number) => ({ count: success, ns: total });
    const none = { count: 0, ns: 0 };
    return [
      {
        name: 'simulated',
        version: '1',
        last_inference: 0,
        inference_count: success,
        execution_count: success,
        inference_stats: {
          success: duration(successNs),
          fail: none,
          queue: duration(queueNs),
          compute_input: duration(0),
          compute_infer: duration(successNs - queueNs),
          compute_output: duration(0),
          cache_hit: none,
          cache_miss: none,
        },
        response_stats: {},
        batch_stats: [],
        memory_usage: [],
      },
    ];
  };
  return { open, sent, opened: () => opened, largestInFlight: () => largest, statistics };
}
