import type { ReplayResult } from '../src/core/replay-result.js';
import type { Trial } from '../src/core/trial.js';
import { candidateText } from './candidate-text.js';

/** What a search on recorded measurements found, as text. */
export function formatReplay(result: ReplayResult, objective: string): string {
  const { strategy, seed, measurements, choice, optimum, fraction } = result;
  const took =
    result.measurement_s === null ? '' : `, which took ${result.measurement_s.toFixed(1)} s when they were recorded`;
  return [
    `Strategy ${strategy}, seed ${seed}: ${measurements} measurements${took}.`,
    choice === null ? 'Choice: none, since no measurement brought anything.' : `Choice: ${candidateText(choice)}`,
    `Recorded mean of ${objective}: ${numberText(result.objective)}, ${result.feasible ? 'within' : 'not within'} all limits.`,
    optimum === null
      ? 'No recorded candidate keeps all limits.'
      : `The recorded optimum within the limits is ${numberText(optimum)}: the choice reaches ${(100 * (fraction ?? 0)).toFixed(1)} %.`,
    '',
  ].join('\n');
}

/** One measurement in one line. */
export function replayTrialLine(trial: Trial): string {
  const outcome = trial.ok
    ? Object.entries(trial.metrics)
        .map(([tag, value]) => `${tag} ${value}`)
        .join(', ')
    : `failed: ${trial.reason}`;
  return `${candidateText(trial.candidate)}: ${outcome}`;
}

const numberText = (value: number | null): string =>
  value === null ? 'not recorded' : `${Number(value.toPrecision(5))}`;
