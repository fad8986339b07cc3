import { varianceOf } from './autocorrelation.js';
import type { LogEstimate } from './ratio-interval.js';

export interface BlockBootstrap {
  /** Of the series. */
  readonly length: number;
  /** The series is cut into so many, at most: neighbours are drawn together, since they depend on one another. */
  readonly mostBlocks: number;
  readonly resamples: number;
  /** 0 to 1. */
  readonly random: () => number;
}

/**
 * How sure figures of a series are whose values depend on their neighbours. The series is cut into blocks that hardly depend on one another
 * (Carlstein, "The Use of Subseries Values for Estimating the Variance", Annals of Statistics 14, 1986), and put together again and again from
 * as many of them, drawn with replacement; the figures of these series vary as those of other measurements would. One degree of freedom
 * a block, less one, stands for how well that is known; the variance is widened by blocks / (blocks - 1), as that of few values is.
 *
 * @param figuresOf positive figures of the series in which the n-th value is there as often as the n-th weight says; NaN where there is none
 * @returns an estimate for each figure; no degrees of freedom without two blocks, or when some draws have no figure
 */
export function blockBootstrap(
  figuresOf: (weights: Uint32Array) => readonly number[],
  { length, mostBlocks, resamples, random }: BlockBootstrap,
): LogEstimate[] {
  const whole = figuresOf(new Uint32Array(length).fill(1)).map(Math.log);
  const blocks = Math.min(length, mostBlocks);
  const drawn = whole.map(() => new Float64Array(resamples));
  const weights = new Uint32Array(length);
  for (let resample = 0; resample < resamples; resample++) {
    drawBlocks(weights, blocks, random);
    for (const [figure, value] of figuresOf(weights).entries()) {
      const logs = drawn[figure];
      if (logs !== undefined) logs[resample] = Math.log(value);
    }
  }
  return whole.map((mean, figure) => {
    const squaredError = (varianceOf(drawn[figure] ?? []) * blocks) / (blocks - 1);
    return blocks > 1 && Number.isFinite(squaredError)
      ? { mean, squaredError, degrees: blocks - 1 }
      : { mean, squaredError: 0, degrees: 0 };
  });
}

/** As many blocks as there are; their lengths differ by one at most. */
function drawBlocks(weights: Uint32Array, blocks: number, random: () => number): void {
  const startOf = (block: number): number => Math.floor((block * weights.length) / blocks);
  weights.fill(0);
  for (let place = 0; place < blocks; place++) {
    const block = Math.floor(random() * blocks);
    for (let index = startOf(block); index < startOf(block + 1); index++) weights[index] = (weights[index] ?? 0) + 1;
  }
}
