import type { CreateStrategy } from '../strategy.js';
import { createTrialStore, ranking } from '../trial-store.js';

/** Every candidate once, in the order of the space. */
export const brute: CreateStrategy = ({ space, goal, maxMeasurements }) => {
  const store = createTrialStore();
  let next = 0;
  return {
    propose: () => (next < maxMeasurements ? space.candidates[next++] : undefined),
    observe: store.add,
    choose: () => ranking(store, goal)[0]?.candidate,
  };
};
