import type { Figures } from './noisy-runs.js';

/**
 * Real noise: one run after the other of `mlp` at concurrency 2 on the embedded server (3 windows of 400 ms each), on a machine
 * of 2 cores that other programs kept busy meanwhile, which makes it as rough as it gets.
 */
export const recordedNoise: readonly Figures[] = [
  { throughput: 1030.8, meanMs: 1.911, p50Ms: 0.84582, p99Ms: 13.328 },
  { throughput: 1714.2, meanMs: 1.1461, p50Ms: 0.66509, p99Ms: 10.387 },
  { throughput: 1184.2, meanMs: 1.6692, p50Ms: 0.70912, p99Ms: 19.137 },
  { throughput: 667.5, meanMs: 2.9397, p50Ms: 0.94566, p99Ms: 34.341 },
  { throughput: 630.83, meanMs: 3.0327, p50Ms: 0.8361, p99Ms: 63.013 },
  { throughput: 1245.8, meanMs: 1.5591, p50Ms: 0.80026, p99Ms: 17.76 },
  { throughput: 630, meanMs: 3.0823, p50Ms: 0.99021, p99Ms: 37.159 },
  { throughput: 537.5, meanMs: 3.6261, p50Ms: 2.6788, p99Ms: 17.646 },
  { throughput: 963.33, meanMs: 2.0088, p50Ms: 0.85555, p99Ms: 17.809 },
  { throughput: 385.83, meanMs: 5.0333, p50Ms: 2.8856, p99Ms: 59.179 },
  { throughput: 1438.3, meanMs: 1.2972, p50Ms: 0.71219, p99Ms: 9.9697 },
  { throughput: 1211.7, meanMs: 1.6246, p50Ms: 0.74957, p99Ms: 10.527 },
  { throughput: 1185.8, meanMs: 1.6301, p50Ms: 0.74394, p99Ms: 17.547 },
  { throughput: 1384.2, meanMs: 1.4192, p50Ms: 0.76953, p99Ms: 10.83 },
  { throughput: 504.17, meanMs: 3.9093, p50Ms: 0.92416, p99Ms: 66.683 },
  { throughput: 573.33, meanMs: 3.447, p50Ms: 1.2349, p99Ms: 37.257 },
  { throughput: 538.33, meanMs: 3.5241, p50Ms: 0.84019, p99Ms: 21.856 },
  { throughput: 110, meanMs: 17.461, p50Ms: 9.6502, p99Ms: 225.71 },
  { throughput: 105, meanMs: 18.738, p50Ms: 9.1914, p99Ms: 108.33 },
  { throughput: 184.17, meanMs: 10.636, p50Ms: 7.8193, p99Ms: 44.04 },
  { throughput: 170, meanMs: 11.5, p50Ms: 9.8304, p99Ms: 35.881 },
  { throughput: 157.5, meanMs: 12.604, p50Ms: 8.7081, p99Ms: 106.43 },
  { throughput: 651.67, meanMs: 2.9502, p50Ms: 1.2657, p99Ms: 18.301 },
  { throughput: 663.33, meanMs: 2.959, p50Ms: 1.1069, p99Ms: 28.475 },
];

/**
 * Runs of `mobilenet_v2` at concurrency 1, one after the other, each on an embedded server of its own (5 s), while another program took a tenth
 * of the machine's two cores: figures vary by 2.7 %.
 */
export const lightNoise: readonly Figures[] = [
  { throughput: 196.67, meanMs: 5.0313, p50Ms: 4.7555, p99Ms: 11.837 },
  { throughput: 198.22, meanMs: 4.992, p50Ms: 4.6449, p99Ms: 9.388 },
  { throughput: 189.11, meanMs: 5.225, p50Ms: 4.907, p99Ms: 9.257 },
  { throughput: 190.22, meanMs: 5.1925, p50Ms: 4.8415, p99Ms: 11.42 },
  { throughput: 204.33, meanMs: 4.8297, p50Ms: 4.5875, p99Ms: 8.6262 },
  { throughput: 204, meanMs: 4.8578, p50Ms: 4.5629, p99Ms: 10.002 },
  { throughput: 200, meanMs: 4.9533, p50Ms: 4.6326, p99Ms: 9.175 },
  { throughput: 199.11, meanMs: 4.9803, p50Ms: 4.6162, p99Ms: 10.027 },
  { throughput: 201.78, meanMs: 4.9042, p50Ms: 4.5711, p99Ms: 8.405 },
  { throughput: 205.33, meanMs: 4.821, p50Ms: 4.5425, p99Ms: 8.8392 },
];

/** The ten runs after these, while other programs took up to 45 %: figures vary by 11 %. */
export const driftingNoise: readonly Figures[] = [
  { throughput: 186.33, meanMs: 5.3075, p50Ms: 4.9562, p99Ms: 10.043 },
  { throughput: 165.56, meanMs: 5.9718, p50Ms: 5.6484, p99Ms: 10.65 },
  { throughput: 171.56, meanMs: 5.7629, p50Ms: 5.4927, p99Ms: 11.534 },
  { throughput: 206.89, meanMs: 4.7921, p50Ms: 4.5097, p99Ms: 8.7163 },
  { throughput: 199.78, meanMs: 4.9507, p50Ms: 4.6531, p99Ms: 10.002 },
  { throughput: 196.22, meanMs: 5.0355, p50Ms: 4.7677, p99Ms: 8.9866 },
  { throughput: 170.67, meanMs: 5.7935, p50Ms: 5.3821, p99Ms: 12.304 },
  { throughput: 161.78, meanMs: 6.1133, p50Ms: 5.6279, p99Ms: 11.649 },
  { throughput: 147, meanMs: 6.7196, p50Ms: 6.3365, p99Ms: 13.517 },
  { throughput: 149.33, meanMs: 6.6068, p50Ms: 6.271, p99Ms: 12.288 },
];
