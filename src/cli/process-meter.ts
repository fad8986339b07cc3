import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import type { ClientMeter } from '../../analyzer/measure/client-meter.js';
import { ns, toMs } from '../core/units.js';

/**
 * How often the event loop is looked at; a reading of the histogram has this in it. Each look wakes the process: at every 10 ms
 * that cost 0.2 ms of CPU a request in a run of ResNet-50 at 48 requests/s.
 */
const resolutionMs = 50;

/** Measures this process: its CPU time, its event loop, and its garbage collector. */
export function startProcessMeter(): ClientMeter {
  const startedAt = performance.now();
  const cpuAtStart = process.cpuUsage();
  const loopAtStart = performance.eventLoopUtilization();
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  const gc = { count: 0, totalMs: 0, longestMs: 0 };
  const addPauses = (entries: readonly { readonly duration: number }[]): void => {
    for (const { duration } of entries) {
      gc.count++;
      gc.totalMs += duration;
      gc.longestMs = Math.max(gc.longestMs, duration);
    }
  };
  const observer = new PerformanceObserver((list) => addPauses(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  const delayMs = (nanoseconds: number): number => Math.max(0, toMs(ns(nanoseconds)) - resolutionMs);
  return {
    read: async () => {
      addPauses(observer.takeRecords());
      const cpu = process.cpuUsage(cpuAtStart);
      const cpuMs = (cpu.user + cpu.system) / 1000;
      const isEmpty = delays.count === 0;
      return {
        cpuMs,
        cpuCores: cpuMs / (performance.now() - startedAt),
        busyShare: performance.eventLoopUtilization(loopAtStart).utilization,
        loopDelay: {
          meanMs: isEmpty ? 0 : delayMs(delays.mean),
          p99Ms: isEmpty ? 0 : delayMs(delays.percentile(99)),
          maxMs: isEmpty ? 0 : delayMs(delays.max),
        },
        gc: { ...gc },
      };
    },
    [Symbol.dispose]: () => {
      delays.disable();
      observer.disconnect();
    },
  };
}
