import type { Pacer } from '../../analyzer/load/pacer.js';
import { minus, type Nanoseconds, toMs } from '../../src/core/units.js';
import type { Simulation } from './simulation.js';

/** A pacer that wakes exactly in time, unless `lateMs` says how late it is. */
export function simulatedPacer(simulation: Simulation, lateMs: (at: Nanoseconds) => number = () => 0): Pacer {
  let wake: (() => void) | undefined;
  return {
    wakeAt: (time, onTime) => {
      wake = onTime;
      simulation.after(toMs(minus(time, simulation.clock.now())) + lateMs(time), () => {
        if (wake === onTime) onTime();
      });
    },
    [Symbol.asyncDispose]: async () => {
      wake = undefined;
    },
  };
}
