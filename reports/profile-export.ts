import type { Load } from '../src/core/load.js';
import { isOpenLoop, levelValue } from '../src/core/load-name.js';
import type { Level } from '../src/core/run.js';
import { fromMs, type Nanoseconds, ns, plus } from '../src/core/units.js';

/** The time of day at the origin of the monotonic clock: whole seconds since 1970, and nanoseconds. */
export interface Epoch {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** @param originMs milliseconds since 1970 at which the monotonic clock was 0 */
export function epochAt(originMs: number): Epoch {
  const seconds = Math.floor(originMs / 1000);
  return { seconds, nanoseconds: Math.round((originMs - seconds * 1000) * 1e6) };
}

/** Nanoseconds since 1970 as a JSON number, which has more digits than a number of ours can hold. */
function timestampText(epoch: Epoch, time: Nanoseconds): string {
  const total = epoch.nanoseconds + Math.round(time);
  const seconds = Math.floor(total / 1e9);
  return `${epoch.seconds + seconds}${String(total - seconds * 1e9).padStart(9, '0')}`;
}

/*
 * The profile export of perf_analyzer, in pieces that follow one another, so that no run is too long for memory:
 * head, then for each level experimentHead, its requests, experimentTail; then tail.
 */

export const head = '{"experiments":[';

/** @param isFirst of the document */
export function experimentHead(load: Load, isFirst: boolean): string {
  const mode = isOpenLoop(load) ? 'request_rate' : 'concurrency';
  return `${isFirst ? '' : ','}{"experiment":{"mode":"${mode}","value":${levelValue(load)}},"requests":[`;
}

/** Which of several models, and of several servers, a request was for. */
export interface RequestLabel {
  readonly model?: string;
  readonly url?: string;
}

/** The members that a label adds to a request, to be made once for each label. */
export const labelText = (label: RequestLabel): string => JSON.stringify(label).slice(1, -1);

/** What a request and its responses held, as JSON objects; absent of what is left out. */
export interface AnswerTensors {
  readonly inputs: string | undefined;
  readonly outputs: readonly (string | undefined)[];
}

/** A request that was answered validly. */
export interface Answer {
  readonly sentAt: Nanoseconds;
  /** When each of its responses came. */
  readonly responseTimes: readonly Nanoseconds[];
  /** Absent when it belongs to no sequence. */
  readonly sequenceId?: number | undefined;
  /** Absent when no tensors are written. */
  readonly tensors?: AnswerTensors | undefined;
  /** As `labelText` gives it; absent when all requests are for the same. */
  readonly label?: string | undefined;
}

/** @param isFirst of its experiment */
export function requestText(
  { sentAt, responseTimes, sequenceId, tensors, label }: Answer,
  epoch: Epoch,
  isFirst: boolean,
): string {
  const members = [
    `"timestamp":${timestampText(epoch, sentAt)}`,
    ...(sequenceId === undefined ? [] : [`"sequence_id":${sequenceId}`]),
    ...(tensors === undefined ? [] : [`"request_inputs":${tensors.inputs ?? '{}'}`]),
    `"response_timestamps":[${responseTimes.map((time) => timestampText(epoch, time)).join(',')}]`,
    ...(tensors === undefined ? [] : [`"response_outputs":[${responseTimes.map(outputsOf(tensors)).join(',')}]`]),
    ...(label === undefined ? [] : [label]),
  ];
  return `${isFirst ? '' : ','}{${members.join(',')}}`;
}

/** As many as there are response times, so that the two lists can be read side by side. */
const outputsOf =
  ({ outputs }: AnswerTensors) =>
  (_time: Nanoseconds, index: number): string =>
    outputs[index] ?? '{}';

export const experimentTail = (boundaries: readonly Nanoseconds[], epoch: Epoch): string =>
  `],"window_boundaries":[${boundaries.map((time) => timestampText(epoch, time)).join(',')}]}`;

export const tail = (version: string): string =>
  `],"version":${JSON.stringify(version)},"service_kind":"triton","endpoint":""}\n`;

/** Where the windows of a level begin, and where the last one ends. */
export function windowBoundaries({ windows }: Level, startedAt: Nanoseconds): Nanoseconds[] {
  if (windows.length === 0) return [];
  const end = windows.reduce((latest, { startMs, durationMs }) => Math.max(latest, startMs + durationMs), 0);
  return [...windows.map(({ startMs }) => plus(startedAt, fromMs(startMs))), ns(startedAt + fromMs(end))];
}
