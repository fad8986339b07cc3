import type { Arrivals } from '../../src/core/load.js';
import type { Random } from '../../src/core/random.js';

/**
 * Where the arrivals lie in operational time, in which one request comes per unit on average: each call gives the place of
 * the next one, the first one gap after 0. A rate shape maps them to the clock.
 */
export type NextArrival = () => number;

export function arrivalProcess(arrivals: Arrivals, random: Random): NextArrival {
  let at = 0;
  switch (arrivals.kind) {
    case 'constant':
      return () => ++at;
    case 'poisson':
      return () => {
        at += exponential(random);
        return at;
      };
    case 'gamma': {
      const draw = gammaOfMeanOne(arrivals.shape, random);
      return () => {
        at += draw();
        return at;
      };
    }
  }
}

const exponential = (random: Random): number => -Math.log(1 - random());

/**
 * Gamma variates of mean 1: Marsaglia and Tsang (2000), with their power of a uniform number for shapes below 1.
 *
 * @param shape above 0; the variance is its inverse
 */
function gammaOfMeanOne(shape: number, random: Random): Random {
  const raised = shape < 1 ? shape + 1 : shape;
  const d = raised - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const draw = (): number => {
    for (;;) {
      const x = standardNormal(random);
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return () => (shape < 1 ? draw() * (1 - random()) ** (1 / shape) : draw()) / shape;
}

/** Box and Muller (1958). */
const standardNormal = (random: Random): number =>
  Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random());
