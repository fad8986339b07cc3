import type { Level, Window } from '../core/run.js';
import type { ModelMetadata, TensorMetadata } from '../protocol/metadata.js';

/** What the server says of the model's tensors, one line each way. */
export function tensorLines({ inputs, outputs }: ModelMetadata): string[] {
  return [`Inputs: ${inputs.map(tensorText).join(', ')}`, `Outputs: ${outputs.map(tensorText).join(', ')}`];
}

const tensorText = ({ name, datatype, shape }: TensorMetadata): string => `${name} ${datatype} [${shape.join(',')}]`;

/**
 * Every window of a level, in the words of perf_analyzer's `-v`.
 *
 * @param percentile what stability looks at; absent = the mean
 */
export function passLines({ windows }: Level, percentile: number | undefined): string[] {
  return windows.map((window) => `  Pass [${window.index + 1}] ${passText(window, percentile)}`);
}

function passText({ throughput, latency }: Window, percentile: number | undefined): string {
  const rate = `throughput: ${Number(throughput.toPrecision(6))} infer/sec.`;
  if (latency === undefined) return `${rate} No valid answer.`;
  if (percentile !== undefined) {
    return `${rate} p${percentile} latency: ${wholeUs(latency.percentilesMs[String(percentile)] ?? 0)} usec`;
  }
  return `${rate} Avg latency: ${wholeUs(latency.meanMs)} usec (std ${wholeUs(latency.stdMs)} usec).`;
}

const wholeUs = (milliseconds: number): number => Math.round(milliseconds * 1000);
