import { type Random, seededRandom } from '../../src/core/random.js';
import { normals } from './latency-truth.js';

/**
 * P[waiting time <= t] in an M/D/1 queue (Erlang, 1909; Crommelin, 1932): (1 - rho) x the sum over k from 0 to floor(t / service) of
 * (-x)^k e^x / k!, with x = rate x (t - k x service). Terms cancel: exact to 1e-6 while t is up to 20 services.
 */
function waitingCdf(rate: number, service: number, t: number): number {
  let sum = 0;
  let factorial = 1;
  for (let k = 0; k <= Math.floor(t / service); k++) {
    if (k > 0) factorial *= k;
    const x = rate * (t - k * service);
    sum += ((-x) ** k * Math.exp(x)) / factorial;
  }
  return (1 - rate * service) * sum;
}

/** The rate at which a percentile (a share) of the response time of an M/D/1 queue is just at a limit. */
export const largestRate = (service: number, limit: number, percentile: number): number =>
  lastWithin(service, 1e-9, (rate) => waitingCdf(rate, service, limit - service) >= percentile);

/** One request at a time, with Poisson arrivals. Times in seconds. */
export interface QueueServer {
  readonly service: number;
  /** The standard deviation of single service times: a share. */
  readonly jitter?: number;
  /** Now and then it stands still, for so long: uniform between these. */
  readonly stalls?: { readonly perSecond: number; readonly shortest: number; readonly longest: number };
}

/** The same of a server whose service times vary, or that stalls: simulated, within 1 % with 200,000 requests a rate. */
export function simulatedLargestRate(
  server: QueueServer,
  limit: number,
  { percentile, requests = 200_000 }: { readonly percentile: number; readonly requests?: number },
): number {
  return lastWithin(server.service, 0.001, (rate) => {
    let over = 0;
    let left = requests;
    for (const { time } of responses(server, rate, seededRandom(1))) {
      if (time > limit) over++;
      if (--left === 0) break;
    }
    return over <= (1 - percentile) * requests;
  });
}

/** By bisection, to a share of the capacity. */
function lastWithin(service: number, exactness: number, isWithin: (rate: number) => boolean): number {
  let low = 0;
  let high = 1 / service;
  while (high - low > exactness / service) {
    const middle = (low + high) / 2;
    if (isWithin(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** When requests come, and their response times: by Lindley's recursion, from an empty queue. */
export function* responses(
  { service, jitter = 0, stalls }: QueueServer,
  rate: number,
  random: Random,
): Generator<{ readonly at: number; readonly time: number }> {
  const normal = normals(random);
  const gap = (perSecond: number): number => -Math.log(1 - random()) / perSecond;
  let stallAt = stalls === undefined ? Number.POSITIVE_INFINITY : gap(stalls.perSecond);
  let [now, work] = [0, 0];
  const pass = (until: number): void => {
    work = Math.max(0, work - (until - now));
    now = until;
  };
  for (;;) {
    const at = now + gap(rate);
    for (; stalls !== undefined && stallAt < at; stallAt += gap(stalls.perSecond)) {
      pass(stallAt);
      work += stalls.shortest + (stalls.longest - stalls.shortest) * random();
    }
    pass(at);
    work += jitter === 0 ? service : Math.max(0, service * (1 + jitter * normal()));
    yield { at, time: work };
  }
}
