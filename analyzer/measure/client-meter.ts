import type { ClientHealth, ThreadHealth } from '../../src/core/run.js';

/** What one thread that sends has done since its meter was started. */
export type ThreadReading = ThreadHealth;

/** Watches the thread that started it. */
export interface ThreadMeter extends Disposable {
  read(): ThreadReading;
}

export type StartThreadMeter = () => ThreadMeter;

/** What the client has done since the meter was started. */
export type ClientReading = Omit<ClientHealth, 'cpuMsPerRequest'> & { readonly cpuMs: number };

/** Watches the process and what sends in it, for one level. */
export interface ClientMeter extends Disposable {
  read(): Promise<ClientReading>;
}

export type StartClientMeter = () => ClientMeter;

/** @param requests how many were sent in the time of the reading */
export function clientHealth({ cpuMs, ...rest }: ClientReading, requests: number): ClientHealth {
  return { ...rest, ...(requests === 0 ? {} : { cpuMsPerRequest: cpuMs / requests }) };
}

/** The busiest of several threads that send stands for all of them: its limit is the first that is met. */
export function readingOfThreads(reading: ClientReading, threads: readonly ThreadReading[]): ClientReading {
  const busiest = threads.reduce<ThreadReading | undefined>(
    (most, each) => (most === undefined || each.busyShare > most.busyShare ? each : most),
    undefined,
  );
  const { cpuCores } = reading;
  return { ...reading, ...busiest, cpuCores, threads };
}
