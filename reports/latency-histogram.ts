import { decodeFromCompressedBase64, type JsHistogram } from 'hdr-histogram-js';
import type { Measured } from '../src/core/run.js';

/** The latencies of a stretch of time, in nanoseconds. */
export const latencyHistogram = ({ histogram }: Measured): JsHistogram =>
  decodeFromCompressedBase64(histogram, 32, false) as JsHistogram;
