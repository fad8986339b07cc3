import { localSender } from '../../analyzer/load/local-sender.js';
import type { PrepareLoadOptions } from '../../analyzer/load/prepare-load.js';
import { openThreadPacer } from '../../analyzer/load/thread-pacer.js';
import type { LevelPorts } from '../../analyzer/measure/measure-level.js';
import { systemClock } from '../core/clock.js';
import { startProcessMeter } from './process-meter.js';

/** A level that this thread sends, to a server of which its answers alone are known. */
export const processPorts = (load: Pick<PrepareLoadOptions, 'open' | 'order' | 'drainLimitMs'>): LevelPorts => ({
  openSender: localSender({ ...load, clock: systemClock, openPacer: () => openThreadPacer(systemClock) }),
  clock: systemClock,
  startMeter: startProcessMeter,
  readStatistics: async () => undefined,
  onStart: () => undefined,
});
