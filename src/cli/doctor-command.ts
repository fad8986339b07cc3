import { formatCalibration } from '../../reports/calibration.js';
import { loadName } from '../core/load-name.js';
import type { CommandContext } from './command-context.js';
import { calibrate } from './doctor/calibration.js';
import { exitCodes } from './exit-codes.js';
import { describeMachine } from './machine.js';

/** Says how far this machine can be trusted as a load generator. Resolves with the exit code. */
export async function doctorCommand({ interrupt, progress, print }: CommandContext): Promise<number> {
  const calibration = await calibrate(
    (load) => progress.show(`calibrating: ${loadName(load)}`),
    interrupt.signal,
  ).finally(() => progress.close());
  print(formatCalibration(calibration, describeMachine()));
  if (interrupt.signal.aborted) return exitCodes.interrupted;
  return calibration.trusted === undefined ? exitCodes.unstable : exitCodes.done;
}
