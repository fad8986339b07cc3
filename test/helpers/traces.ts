import { deriveSeed, seededRandom } from '../../src/core/random.js';
import { normals } from './latency-truth.js';

/** A series whose true course is known: noise around it. */
export interface Trace {
  readonly values: Float64Array;
  /** So many values at the beginning are not where a step, ramp or decay ends. */
  readonly warmUp: number;
}

export type Course = 'flat' | 'step' | 'ramp' | 'decay' | 'drift' | 'oscillation';

const length = 1000;

/** The n-th trace of a kind: with warm-ups of 5 to 40 % and noise of 5 to 20 % of the mean, half of them autoregressive. */
export function trace(course: Course, index: number): Trace {
  const random = seededRandom(deriveSeed(index, course));
  const normal = normals(random);
  const warmUp = Math.round((length * (0.05 + 0.35 * random())) / 5) * 5;
  const height = (random() < 0.5 ? -1 : 1) * (0.5 + 0.4 * random());
  const noise = 0.05 + 0.15 * random();
  const rho = index % 2 === 0 ? 0 : 0.6;
  const phase = random();
  const courses: Readonly<Record<Course, (at: number) => number>> = {
    flat: () => 1,
    step: (at) => (at < warmUp ? 1 + height : 1),
    ramp: (at) => 1 + height * Math.max(0, 1 - at / warmUp),
    decay: (at) => 1 + height * Math.exp((-3 * at) / warmUp),
    drift: (at) => 1 + (height * at) / length,
    oscillation: (at) => 1 + (height / 2) * Math.sin(2 * Math.PI * (phase + (3 * at) / length)),
  };
  const values = new Float64Array(length);
  let state = normal();
  for (let at = 0; at < length; at++) {
    values[at] = courses[course](at) * (1 + noise * state);
    state = rho * state + Math.sqrt(1 - rho * rho) * normal();
  }
  return { values, warmUp };
}
