import type { Candidate } from '../src/core/trial.js';

/** The settings of a candidate in running text. */
export const candidateText = (candidate: Candidate): string =>
  Object.entries(candidate)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
