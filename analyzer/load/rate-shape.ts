import type { LoadShape } from '../../src/core/load.js';
import { type Nanoseconds, ns } from '../../src/core/units.js';

/** A rate over time, by the inverse of its integral. */
export interface RateShape {
  /** When so many requests have come since the start; non-decreasing. */
  timeOf(arrivals: number): Nanoseconds;
}

/** The rate that the shape multiplies is `requestsPerSecond`. */
export function rateShape(requestsPerSecond: number, shape: LoadShape): RateShape {
  const timeOf = inverseIntegral(shape);
  return { timeOf: (arrivals) => ns(timeOf(arrivals / requestsPerSecond) * 1e9) };
}

/** The time, in seconds, at which the integral of the shape over time reaches `area`. */
type InverseIntegral = (area: number) => number;

function inverseIntegral(shape: LoadShape): InverseIntegral {
  switch (shape.kind) {
    case 'constant':
      return (area) => area;
    case 'step':
      return thenHeld(shape.factors.map((factor) => piece(shape.stepMs, factor, factor)));
    case 'ramp':
      return thenHeld([piece(shape.rampMs, shape.from, shape.to)]);
    case 'spike':
      return repeated([
        piece(shape.periodMs - shape.lengthMs, 1, 1),
        piece(shape.lengthMs, shape.factor, shape.factor),
      ]);
    case 'sine':
      return sine(shape.amplitude, shape.periodMs / 1000);
  }
}

/** A stretch in which the factor goes from one value to another in a straight line. */
interface Piece {
  readonly seconds: number;
  readonly from: number;
  readonly to: number;
}

const piece = (ms: number, from: number, to: number): Piece => ({ seconds: ms / 1000, from, to });
const areaOf = ({ seconds, from, to }: Piece): number => (seconds * (from + to)) / 2;

/** The root of a linear rate's integral, in the form that is exact without a slope too. */
function timeWithin({ seconds, from, to }: Piece, area: number): number {
  if (area === 0) return 0;
  const slope = seconds === 0 ? 0 : (to - from) / seconds;
  return (2 * area) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * area)));
}

/** One piece after the other; what is left of the area after the last one goes to `rest`, which starts at its end. */
function across(pieces: readonly Piece[], area: number, rest: InverseIntegral): number {
  let start = 0;
  let left = area;
  for (const one of pieces) {
    if (left <= areaOf(one)) return start + timeWithin(one, left);
    left -= areaOf(one);
    start += one.seconds;
  }
  return start + rest(left);
}

/** After the last piece its last factor stays. */
function thenHeld(pieces: readonly Piece[]): InverseIntegral {
  const last = pieces.at(-1)?.to ?? 1;
  return (area) => across(pieces, area, (left) => left / last);
}

function repeated(pieces: readonly Piece[]): InverseIntegral {
  const cycleArea = pieces.reduce((sum, one) => sum + areaOf(one), 0);
  const cycleSeconds = pieces.reduce((sum, one) => sum + one.seconds, 0);
  return (area) => {
    const cycles = Math.floor(area / cycleArea);
    return cycles * cycleSeconds + across(pieces, area - cycles * cycleArea, () => 0);
  };
}

/** The factor is 1 + amplitude x sin; a whole period has the area of a constant rate. No closed form: bisection. */
function sine(amplitude: number, period: number): InverseIntegral {
  const scale = (amplitude * period) / (2 * Math.PI);
  const areaBy = (time: number): number => time + scale * (1 - Math.cos((2 * Math.PI * time) / period));
  return (area) => {
    const cycles = Math.floor(area / period);
    const wanted = area - cycles * period;
    let low = 0;
    let high = period;
    for (let halvings = 0; halvings < 48; halvings++) {
      const middle = (low + high) / 2;
      if (areaBy(middle) < wanted) low = middle;
      else high = middle;
    }
    return cycles * period + high;
  };
}
