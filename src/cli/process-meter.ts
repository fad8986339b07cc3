import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver, performance } from 'node:perf_hooks';
import type { ClientMeter, ThreadMeter } from '../../analyzer/measure/client-meter.js';
import type { Pause } from '../core/run.js';
import { ns, toMs } from '../core/units.js';

/**
 * How often the event loop is looked at; a reading of the histogram has this in it. Each look wakes the process: at every 10 ms
 * that cost 0.2 ms of CPU a request in a run of ResNet-50 at 48 requests/s.
 */
const resolutionMs = 50;

/** Measures this process: its CPU time, and of the thread that calls its event loop and its garbage collector. */
export function startProcessMeter(): ClientMeter {
  const startedAt = performance.now();
  const cpuAtStart = process.cpuUsage();
  const machineAtStart = machineTimes();
  const thread = startThreadMeter();
  return {
    read: async () => {
      const cpu = process.cpuUsage(cpuAtStart);
      const cpuMs = (cpu.user + cpu.system) / 1000;
      const cpuCores = cpuMs / (performance.now() - startedAt);
      const { busyShare, loopDelay, gc } = thread.read();
      return { cpuMs, cpuCores, spareCores: spareCores(machineAtStart, cpuCores), busyShare, loopDelay, gc };
    },
    [Symbol.dispose]: () => thread[Symbol.dispose](),
  };
}

/** Measures the thread that calls: its event loop, its garbage collector, and on Linux its CPU time. */
export function startThreadMeter(): ThreadMeter {
  const startedAt = performance.now();
  const cpuAtStart = threadCpuMs();
  const loopAtStart = performance.eventLoopUtilization();
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  const gc = { count: 0, totalMs: 0, longestMs: 0 };
  let pauses: Pause[] = [];
  const addPauses = (entries: readonly Pick<PerformanceEntry, 'startTime' | 'duration'>[]): void => {
    for (const { startTime, duration } of entries) {
      gc.count++;
      gc.totalMs += duration;
      gc.longestMs = Math.max(gc.longestMs, duration);
      if (duration >= 1) pauses.push({ atMs: Math.max(0, startTime - startedAt), durationMs: duration });
    }
    pauses = longest(pauses);
  };
  const observer = new PerformanceObserver((list) => addPauses(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  const delayMs = (nanoseconds: number): number => Math.max(0, toMs(ns(nanoseconds)) - resolutionMs);
  return {
    read: () => {
      addPauses(observer.takeRecords());
      const cpuMs = threadCpuMs();
      const isEmpty = delays.count === 0;
      return {
        ...(cpuMs === undefined || cpuAtStart === undefined
          ? {}
          : { cpuCores: (cpuMs - cpuAtStart) / (performance.now() - startedAt) }),
        busyShare: performance.eventLoopUtilization(loopAtStart).utilization,
        loopDelay: {
          meanMs: isEmpty ? 0 : delayMs(delays.mean),
          p99Ms: isEmpty ? 0 : delayMs(delays.percentile(99)),
          maxMs: isEmpty ? 0 : delayMs(delays.max),
        },
        gc: { ...gc, ...(pauses.length === 0 ? {} : { pauses: [...pauses] }) },
      };
    },
    [Symbol.dispose]: () => {
      delays.disable();
      observer.disconnect();
    },
  };
}

/** More of them say no more to a person. */
const mostPauses = 50;

const longest = (pauses: Pause[]): Pause[] =>
  pauses.length <= mostPauses
    ? pauses
    : pauses
        .toSorted((left, right) => right.durationMs - left.durationMs)
        .slice(0, mostPauses)
        .sort((left, right) => left.atMs - right.atMs);

/** What the scheduler of Linux says (`Documentation/scheduler/sched-stats.rst`): the first number is the time spent on a CPU, in ns. */
function threadCpuMs(): number | undefined {
  try {
    return toMs(ns(Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0])));
  } catch {
    return undefined;
  }
}

/** Of all cores together, since the machine was started. */
function machineTimes(): { readonly idleMs: number; readonly totalMs: number } {
  let idleMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    idleMs += times.idle;
    totalMs += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { idleMs, totalMs };
}

/** How many cores were idle, of those that this process may use. */
function spareCores(start: ReturnType<typeof machineTimes>, cpuCores: number): number {
  const { idleMs, totalMs } = machineTimes();
  const idleShare = totalMs > start.totalMs ? (idleMs - start.idleMs) / (totalMs - start.totalMs) : 0;
  return Math.max(0, Math.min(idleShare * cpus().length, availableParallelism() - cpuCores));
}
