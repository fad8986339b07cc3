/**
 * The distributions that the other modules of this folder stand on. Everything follows from the regularized incomplete beta
 * function; sizes may be fractions, since an effective sample size is one.
 */

/** Lanczos' coefficients for g = 7 (Godfrey, 2001): ln gamma within 1e-13 for positive numbers. */
const lanczosFirst = 0.99999999999980993;
const lanczosOthers: readonly number[] = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** @param x at least 0.5 */
export function logGamma(x: number): number {
  const shifted = x - 1;
  const base = shifted + 7.5;
  const series = lanczosOthers.reduce(
    (sum, coefficient, index) => sum + coefficient / (shifted + index + 1),
    lanczosFirst,
  );
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(series);
}

const tiny = 1e-300;
const largestTerm = 10_000;

/**
 * I_x(a, b), within 1e-10: the continued fraction 8.17.22 of the NIST Digital Library of Mathematical Functions, evaluated by
 * Lentz's method.
 */
export function regularizedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - regularizedBeta(1 - x, b, a);
  const front = Math.exp(logGammaOf(a + b) - logGammaOf(a) - logGammaOf(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  return front * betaFraction(x, a, b);
}

/** ln gamma for small arguments too: gamma(x) = gamma(x + 1) / x. */
const logGammaOf = (x: number): number => (x < 0.5 ? logGamma(x + 1) - Math.log(x) : logGamma(x));

function betaFraction(x: number, a: number, b: number): number {
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < largestTerm; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-14) break;
  }
  return fraction;
}

/** P[Binomial(trials, chance) <= successes] = I_(1-chance)(trials - successes, successes + 1). */
export function binomialCdf(successes: number, trials: number, chance: number): number {
  if (successes < 0) return 0;
  if (successes >= trials) return 1;
  return regularizedBeta(1 - chance, trials - successes, successes + 1);
}

/**
 * P[Z <= z] of the standard normal distribution: 1/2 + density x (z + z^3/3 + z^5/(3 x 5) + ...) (Marsaglia, "Evaluating the Normal
 * Distribution", Journal of Statistical Software 11, 2004), within 1e-14.
 */
export function normalCdf(z: number): number {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0;
  let sum = z;
  let term = z;
  for (let odd = 3; sum + term !== sum; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return 0.5 + sum * normalDensity(z);
}

/** Of the standard normal distribution. */
export const normalDensity = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

/** P[T <= t] of Student's t. */
export function studentCdf(t: number, degreesOfFreedom: number): number {
  const tail = regularizedBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

/**
 * The t below which a share of Student's distribution lies, by bisection: within 1e-9.
 *
 * @param share between 0 and 1
 */
export function studentQuantile(share: number, degreesOfFreedom: number): number {
  if (share < 0.5) return -studentQuantile(1 - share, degreesOfFreedom);
  let high = 1;
  while (studentCdf(high, degreesOfFreedom) < share) high *= 2;
  let low = 0;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, degreesOfFreedom) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
