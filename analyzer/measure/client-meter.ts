import type { ClientHealth } from '../../src/core/run.js';

/** What the process that sends has done since the meter was started. */
export type ClientReading = Omit<ClientHealth, 'cpuMsPerRequest'> & { readonly cpuMs: number };

/** Watches what sends, for one level. */
export interface ClientMeter extends Disposable {
  read(): Promise<ClientReading>;
}

export type StartClientMeter = () => ClientMeter;

/** @param requests how many were sent in the time of the reading */
export function clientHealth({ cpuMs, ...rest }: ClientReading, requests: number): ClientHealth {
  return { ...rest, ...(requests === 0 ? {} : { cpuMsPerRequest: cpuMs / requests }) };
}
