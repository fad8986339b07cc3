import type { Random } from '../../src/core/random.js';

/** The load that the simulated server gets. A request is the unit; how many inferences it holds is the caller's affair. */
export type SimulatedLoad =
  /** So many requests are outstanding; the client, and the way there and back, take `awaySeconds` between an answer and the next request. */
  | {
      readonly kind: 'closed';
      readonly concurrency: number;
      readonly awaySeconds: number;
      readonly comeBack?: ComeBack;
    }
  /** Requests arrive with exponential gaps, or at equal ones when no random numbers are given. */
  | {
      readonly kind: 'open';
      readonly requestsPerSecond: number;
      readonly awaySeconds: number;
      readonly random?: Random;
    };

/**
 * How requests come back that were answered together. `apart`, unless given: one is before the others, as answers are written one after the
 * other. An idle instance takes it alone, and the others find the instance busy, which keeps batches below the concurrency. `together`: a
 * server that takes its time to look finds all of them.
 */
export type ComeBack = 'apart' | 'together';

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
  /** Of the answered requests, ascending, each with how many had it; seen by the client. Sorted when asked for. */
  latencies(): readonly (readonly [seconds: number, count: number])[];
  readonly meanBatch: number;
}

/**
 * A discrete-event simulation of a dynamic batcher in front of instances, with Triton's rules: an idle instance takes what waits, up
 * to the largest batch, at once without a queue delay, and otherwise when the batch is full or the oldest request has waited for it.
 * Requests that arrive together are one event, so that the cost is one of executions, not of requests. A fit runs it thousands of
 * times: groups of requests are numbers in arrays that only grow, and nothing is made for an event.
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
    state.answers.length = 0;
    state.answered = 0;
  }
  const { answers, answered, executions, now } = state;
  const counted = executions - length.warmup;
  const seconds = now - countedFrom;
  return {
    requestsPerSecond: seconds > 0 ? answered / seconds : 0,
    latencies: () => latenciesOf(state, answers),
    meanBatch: counted > 0 ? answered / counted : 0,
  };
}

/** The latency that the given share of the requests, 0 to 1, do not exceed. */
export function latencyAt(share: number, simulated: Simulated): number {
  const latencies = simulated.latencies();
  const total = latencies.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [seconds, count] of latencies) {
    seen += count;
    if (seen >= share * total) return seconds;
  }
  return 0;
}

/** Requests that arrived together, in the order of time; in a closed loop those that were answered together are sent again together. */
interface Groups {
  readonly at: number[];
  readonly count: number[];
  /** The first that is still there. */
  head: number;
}

/** The requests of an execution are those of the taken groups from one number up to another. */
interface Execution {
  readonly finishAt: number;
  readonly from: number;
  readonly to: number;
  readonly batch: number;
}

interface State {
  readonly server: SimulatedServer;
  readonly load: SimulatedLoad;
  now: number;
  /** On their way to the server: the first of those that were answered together, and the others behind it. */
  readonly first: Groups;
  readonly others: Groups;
  readonly waiting: Groups;
  waitingCount: number;
  /** In the order in which executions took them. */
  readonly taken: Groups;
  /** By time of finish. */
  readonly running: Execution[];
  /** Executions that are counted. */
  readonly answers: Execution[];
  executions: number;
  answered: number;
}

const noGroups = (): Groups => ({ at: [], count: [], head: 0 });

function createState(server: SimulatedServer, load: SimulatedLoad): State {
  const first = noGroups();
  push(first, 0, load.kind === 'closed' ? load.concurrency : 1);
  return {
    server,
    load,
    now: 0,
    first,
    others: noGroups(),
    waiting: noGroups(),
    waitingCount: 0,
    taken: noGroups(),
    running: [],
    answers: [],
    executions: 0,
    answered: 0,
  };
}

function push(groups: Groups, at: number, count: number): void {
  groups.at.push(at);
  groups.count.push(count);
}

/** When the oldest group came or comes; infinite without one. */
const headOf = ({ at, head }: Groups): number => at[head] ?? Number.POSITIVE_INFINITY;

/** Goes on to the next event; false when nothing can happen any more. */
function advance(state: State): boolean {
  const { first, others } = state;
  const arriving = headOf(first) <= headOf(others) ? first : others;
  const arrivalAt = headOf(arriving);
  const finishAt = state.running[0]?.finishAt ?? Number.POSITIVE_INFINITY;
  const next = Math.min(arrivalAt, finishAt, timerAt(state));
  if (next === Number.POSITIVE_INFINITY) return false;
  state.now = next;
  if (next === finishAt) finish(state);
  else if (next === arrivalAt) arrive(state, arriving);
  while (dispatch(state));
  return true;
}

/** When an idle instance will no longer wait for a full batch. */
const timerAt = ({ waiting, running, server }: State): number =>
  running.length >= server.instances ? Number.POSITIVE_INFINITY : headOf(waiting) + server.queueDelaySeconds;

function arrive(state: State, arriving: Groups): void {
  const at = headOf(arriving);
  const count = arriving.count[arriving.head] ?? 0;
  arriving.head++;
  push(state.waiting, at, count);
  state.waitingCount += count;
  if (state.load.kind !== 'open') return;
  const { requestsPerSecond, random } = state.load;
  const gap = random === undefined ? 1 : -Math.log(1 - random());
  push(state.first, at + gap / requestsPerSecond, 1);
}

function finish(state: State): void {
  const execution = state.running.shift();
  if (execution === undefined) return;
  state.answers.push(execution);
  state.answered += execution.batch;
  state.executions++;
  if (state.load.kind === 'closed') sendAgain(state, execution.batch, state.load);
}

function sendAgain(
  { first, others, now }: State,
  count: number,
  { awaySeconds, comeBack = 'apart' }: Extract<SimulatedLoad, { readonly kind: 'closed' }>,
): void {
  const ahead = comeBack === 'apart' ? 1 : count;
  push(first, now + awaySeconds, ahead);
  if (count > ahead) push(others, now + 1.5 * awaySeconds, count - ahead);
}

/** Starts an execution if an instance is idle and may. */
function dispatch(state: State): boolean {
  const { server, waiting, running } = state;
  if (state.waitingCount === 0 || running.length >= server.instances) return false;
  const isFull = state.waitingCount >= server.maxBatch;
  if (!isFull && state.now < headOf(waiting) + server.queueDelaySeconds) return false;
  const batch = Math.min(server.maxBatch, state.waitingCount);
  const from = state.taken.at.length;
  take(state, batch);
  const finishAt = state.now + server.serviceSeconds(batch, running.length + 1);
  let place = running.length;
  while (place > 0 && (running[place - 1]?.finishAt ?? 0) > finishAt) place--;
  running.splice(place, 0, { finishAt, from, to: state.taken.at.length, batch });
  return true;
}

function take(state: State, wanted: number): void {
  const { waiting, taken } = state;
  let left = wanted;
  while (left > 0) {
    const there = waiting.count[waiting.head] ?? 0;
    const count = Math.min(left, there);
    push(taken, headOf(waiting), count);
    if (count === there) waiting.head++;
    else waiting.count[waiting.head] = there - count;
    left -= count;
  }
  state.waitingCount -= wanted;
}

function latenciesOf(
  { taken, load }: Pick<State, 'taken' | 'load'>,
  answers: readonly Execution[],
): [seconds: number, count: number][] {
  const latencies = answers.flatMap(({ finishAt, from, to }) =>
    Array.from({ length: to - from }, (_, index): [number, number] => [
      finishAt - (taken.at[from + index] ?? 0) + load.awaySeconds,
      taken.count[from + index] ?? 0,
    ]),
  );
  return latencies.sort(([left], [right]) => left - right);
}
