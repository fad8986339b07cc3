import { PerfError } from '../../../core/perf-error.js';

export const affinitiesKey = 'session.intra_op_thread_affinities';

export interface PoolPlace {
  /** Of one session. */
  readonly threads: number;
  /** Which of the model's instances it is, from 0 on. */
  readonly ordinal: number;
  /** The logical processors that there are, from 0 on. */
  readonly processors: readonly number[];
}

/**
 * Where the threads of a session's pool run, as ONNX Runtime takes it: for each thread processors from 1 on, `1,2;3-4`. A
 * session computes on the thread that calls it too, which is not of its pool and stays free, so a pool has one thread less.
 *
 * @param text the same, or `auto`: the instances of a model take the processors in turn, one for each of their threads
 * @returns `undefined` when there is no pool
 * @throws PerfError for another number of threads, and for a processor that there is not
 */
export function threadAffinities(text: string, { threads, ordinal, processors }: PoolPlace): string | undefined {
  if (text === 'auto') {
    const place = (thread: number) => processors[(ordinal * threads + thread) % processors.length] ?? 0;
    const places = Array.from({ length: threads - 1 }, (_, index) => place(index + 1) + 1);
    return places.length === 0 ? undefined : places.join(';');
  }
  const groups = text.split(';');
  if (groups.length !== threads - 1) {
    throw unexpected(`processors for ${threads - 1} threads (intra_op_thread_count - 1)`, text);
  }
  if (!groups.every((group) => isAmong(group, processors))) {
    throw unexpected(`auto, or processors among ${processors.map((each) => each + 1)}`, text);
  }
  return text;
}

const unexpected = (expected: string, got: string): PerfError =>
  new PerfError('model', `parameter '${affinitiesKey}': expected ${expected}, got '${got}'`);

function isAmong(group: string, processors: readonly number[]): boolean {
  return group.split(',').every((item) => {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(item) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(from <= to)) return false;
    const ids = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    return ids.every((id) => processors.includes(id - 1));
  });
}
