import type { CreateStrategy } from '../strategy.js';
import { surrogateStrategy } from './surrogate-strategy.js';

/** Gaussian processes for throughput and the constrained metrics, without any idea of how a server works. */
export const bayes: CreateStrategy = (options) => surrogateStrategy({ ...options, expectations: [undefined] });
