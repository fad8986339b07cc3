import type { Random } from '../../src/core/random.js';

/** The load that the simulated server gets. A request is the unit; how many inferences it holds is the caller's affair. */
export type SimulatedLoad =
  /** So many requests are outstanding; the client, and the way there and back, take `awaySeconds` between an answer and the next request. */
  | { readonly kind: 'closed'; readonly concurrency: number; readonly awaySeconds: number }
  /** Requests arrive with exponential gaps, or at equal ones when no random numbers are given. */
  | {
      readonly kind: 'open';
      readonly requestsPerSecond: number;
      readonly awaySeconds: number;
      readonly random?: Random;
    };

export interface SimulatedServer {
  readonly instances: number;
  /** Requests in an execution at the most; 1 is no batching. */
  readonly maxBatch: number;
  /** How long an idle instance waits for a full batch, from the arrival of the oldest request. */
  readonly queueDelaySeconds: number;
  /** The time of an execution of so many requests that starts while so many instances, this one included, are busy. */
  readonly serviceSeconds: (batch: number, busy: number) => number;
}

export interface SimulationLength {
  /** Executions before anything is counted, and those that are counted. */
  readonly warmup: number;
  readonly counted: number;
}

export interface Simulated {
  readonly requestsPerSecond: number;
  /** Of the answered requests, ascending, each with how many had it; seen by the client. */
  readonly latencies: readonly (readonly [seconds: number, count: number])[];
  readonly meanBatch: number;
}

/** Requests that arrived together: in a closed loop those that were answered together are sent again together. */
interface Group {
  readonly at: number;
  count: number;
}

/**
 * A discrete-event simulation of a dynamic batcher in front of instances, with Triton's rules: an idle instance takes what waits, up
 * to the largest batch, at once without a queue delay, and otherwise when the batch is full or the oldest request has waited for it.
 * Requests that arrive together are one event, so that the cost is one of executions, not of requests.
 */
export function simulateBatcher(server: SimulatedServer, load: SimulatedLoad, length: SimulationLength): Simulated {
  const state = createState(server, load);
  const total = length.warmup + length.counted;
  let countedFrom = 0;
  while (state.executions < total) {
    const before = state.executions;
    if (!advance(state)) break;
    if (state.executions === before || state.executions > length.warmup) continue;
    countedFrom = state.now;
    state.latencies.length = 0;
    state.answered = 0;
  }
  const counted = state.executions - length.warmup;
  const seconds = state.now - countedFrom;
  return {
    requestsPerSecond: seconds > 0 ? state.answered / seconds : 0,
    latencies: state.latencies.toSorted(([left], [right]) => left - right),
    meanBatch: counted > 0 ? state.answered / counted : 0,
  };
}

/** The latency that the given share of the requests, 0 to 1, do not exceed. */
export function latencyAt(share: number, { latencies }: Simulated): number {
  const total = latencies.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [seconds, count] of latencies) {
    seen += count;
    if (seen >= share * total) return seconds;
  }
  return 0;
}

interface Execution {
  readonly finishAt: number;
  readonly groups: readonly Group[];
}

interface State {
  readonly server: SimulatedServer;
  readonly load: SimulatedLoad;
  now: number;
  /** On their way to the server, by time. */
  readonly arriving: Group[];
  readonly waiting: Group[];
  waitingCount: number;
  /** By time of finish. */
  readonly running: Execution[];
  readonly latencies: [number, number][];
  executions: number;
  answered: number;
}

const createState = (server: SimulatedServer, load: SimulatedLoad): State => ({
  server,
  load,
  now: 0,
  arriving: load.kind === 'closed' ? [{ at: 0, count: load.concurrency }] : [{ at: 0, count: 1 }],
  waiting: [],
  waitingCount: 0,
  running: [],
  latencies: [],
  executions: 0,
  answered: 0,
});

/** Goes on to the next event; false when nothing can happen any more. */
function advance(state: State): boolean {
  const arrivalAt = state.arriving[0]?.at ?? Number.POSITIVE_INFINITY;
  const finishAt = state.running[0]?.finishAt ?? Number.POSITIVE_INFINITY;
  const next = Math.min(arrivalAt, finishAt, timerAt(state));
  if (next === Number.POSITIVE_INFINITY) return false;
  state.now = next;
  if (next === finishAt) finish(state);
  else if (next === arrivalAt) arrive(state);
  while (dispatch(state));
  return true;
}

/** When an idle instance will no longer wait for a full batch. */
function timerAt({ waiting, running, server }: State): number {
  const [oldest] = waiting;
  if (oldest === undefined || running.length >= server.instances) return Number.POSITIVE_INFINITY;
  return oldest.at + server.queueDelaySeconds;
}

function arrive(state: State): void {
  const group = state.arriving.shift();
  if (group === undefined) return;
  state.waiting.push(group);
  state.waitingCount += group.count;
  if (state.load.kind !== 'open') return;
  const { requestsPerSecond, random } = state.load;
  const gap = random === undefined ? 1 : -Math.log(1 - random());
  state.arriving.push({ at: group.at + gap / requestsPerSecond, count: 1 });
}

function finish(state: State): void {
  const execution = state.running.shift();
  if (execution === undefined) return;
  let count = 0;
  for (const group of execution.groups) {
    state.latencies.push([state.now - group.at + state.load.awaySeconds, group.count]);
    count += group.count;
  }
  state.answered += count;
  state.executions++;
  if (state.load.kind === 'closed') sendAgain(state, count, state.load.awaySeconds);
}

/**
 * Of those that were answered together one is back before the others, as answers are written one after the other: an idle
 * instance takes it alone, and the others find the instance busy. That is what keeps real batches below the concurrency.
 */
function sendAgain({ arriving, now }: State, count: number, awaySeconds: number): void {
  insertByTime(arriving, { at: now + awaySeconds, count: 1 });
  if (count > 1) insertByTime(arriving, { at: now + 1.5 * awaySeconds, count: count - 1 });
}

function insertByTime(groups: Group[], group: Group): void {
  const behind = groups.findIndex(({ at }) => at > group.at);
  groups.splice(behind === -1 ? groups.length : behind, 0, group);
}

/** Starts an execution if an instance is idle and may. */
function dispatch(state: State): boolean {
  const { server, waiting, running } = state;
  const [oldest] = waiting;
  if (oldest === undefined || running.length >= server.instances) return false;
  const isFull = state.waitingCount >= server.maxBatch;
  if (!isFull && state.now < oldest.at + server.queueDelaySeconds) return false;
  const groups = take(state, Math.min(server.maxBatch, state.waitingCount));
  const batch = groups.reduce((sum, { count }) => sum + count, 0);
  const finishAt = state.now + server.serviceSeconds(batch, running.length + 1);
  const behind = running.findIndex((other) => other.finishAt > finishAt);
  running.splice(behind === -1 ? running.length : behind, 0, { finishAt, groups });
  return true;
}

function take(state: State, wanted: number): Group[] {
  const taken: Group[] = [];
  let left = wanted;
  while (left > 0) {
    const [first] = state.waiting;
    if (first === undefined) break;
    const count = Math.min(left, first.count);
    taken.push({ at: first.at, count });
    if (count === first.count) state.waiting.shift();
    else first.count -= count;
    left -= count;
  }
  state.waitingCount -= wanted - left;
  return taken;
}
