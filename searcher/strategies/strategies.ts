import type { CreateStrategy } from '../strategy.js';
import { bayes } from './bayes.js';
import { brute } from './brute.js';
import { guided } from './guided.js';
import { quick } from './quick.js';

export const strategyNames = ['guided', 'bayes', 'quick', 'brute'] as const;
export type StrategyName = (typeof strategyNames)[number];

export interface NamedStrategy {
  readonly name: StrategyName;
  readonly create: CreateStrategy;
  /** Unless the user says otherwise. */
  readonly maxMeasurements: number;
}

/** All strategies by name. `guided` and `bayes` know when more brings little; `quick` and `brute` end by themselves. */
export const strategies: Readonly<Record<StrategyName, NamedStrategy>> = {
  guided: { name: 'guided', create: guided, maxMeasurements: 25 },
  bayes: { name: 'bayes', create: bayes, maxMeasurements: 40 },
  quick: { name: 'quick', create: quick, maxMeasurements: Number.POSITIVE_INFINITY },
  brute: { name: 'brute', create: brute, maxMeasurements: Number.POSITIVE_INFINITY },
};
