import { unmarked } from '../../analyzer/wire/sequence-marks.js';
import type { InferRequest } from '../../src/protocol/infer.js';
import { requestFor } from '../analyzer/wire/peer.js';
import type { SequenceEvent } from './sequence-witness.js';

/** How many steps each data stream has. */
export const streams = [5, 1, 3];
/** One for each step; the first is larger than a frame, and than what a client copies of it. */
export const steppedRequests = streams.flatMap((steps, stream) =>
  Array.from({ length: steps }, (_, step): InferRequest => {
    const data = Buffer.alloc(stream === 0 && step === 0 ? 200_000 : 16);
    data.set([stream, step]);
    return { ...requestFor('m', data), parameters: unmarked };
  }),
);

/** What a server saw of one sequence: requests and answers in their order. */
interface Sequence {
  readonly id: number;
  readonly log: SequenceEvent[];
  readonly requests: SequenceEvent[];
}

/** Takes apart what a server saw: an id is one sequence until its end is answered, and everything before it. */
export function sequencesIn(events: readonly SequenceEvent[]) {
  const all: Sequence[] = [];
  const running = new Map<number, Sequence>();
  let most = 0;
  for (const event of events) {
    const sequence = running.get(event.id) ?? { id: event.id, log: [], requests: [] };
    if (sequence.log.length === 0) all.push(sequence);
    running.set(event.id, sequence);
    most = Math.max(most, running.size);
    sequence.log.push(event);
    if (event.kind === 'request') sequence.requests.push(event);
    const isAnswered = sequence.log.length === 2 * sequence.requests.length;
    if (isAnswered && sequence.requests.some(({ isEnd }) => isEnd)) running.delete(event.id);
  }
  return { all, most, streams: new Set(all.map(({ requests: [first] }) => first?.stream)) };
}

/** What no server may see of a sequence. */
export function faultsOf({ id, requests, log }: Sequence, isSerial: boolean): string[] {
  const [first] = requests;
  const steps = streams[first?.stream ?? 0] ?? 0;
  const checks = {
    'one start, at first': requests.every(({ isStart }, index) => isStart === (index === 0)),
    'one end, at last': requests.every(({ isEnd }, index) => isEnd === (index === requests.length - 1)),
    'all answered': log.length === 2 * requests.length,
    'a stream in its order': requests.every(
      ({ stream, step }, index) => stream === first?.stream && step === index % steps,
    ),
    'one request in flight': !isSerial || log.every(({ kind }, index) => (kind === 'request') === (index % 2 === 0)),
  };
  return Object.entries(checks).flatMap(([rule, isMet]) => (isMet ? [] : `${id}: ${rule}`));
}
