import type { Candidate } from './trial.js';

/** What a search on recorded measurements found, beside what could have been found. Absent values are `null`, as JSON has them. */
export interface ReplayResult {
  readonly strategy: string;
  readonly seed: number;
  /** How many measurements were used; one candidate may have had several. */
  readonly measurements: number;
  /** What they took when they were recorded; `null` when that was not recorded. */
  readonly measurement_s: number | null;
  /** `null`: no measurement brought anything. */
  readonly choice: Candidate | null;
  /** The recorded mean of the choice; of several objectives, the weighted geometric mean. */
  readonly objective: number | null;
  /** The best recorded mean that keeps all limits; `null` when none does. */
  readonly optimum: number | null;
  /** 1 is the optimum; 0 when the choice breaks a limit; `null` without an optimum. */
  readonly fraction: number | null;
  /** The recorded mean of the choice keeps all limits. */
  readonly feasible: boolean;
}
