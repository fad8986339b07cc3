import type { Failure } from '../../src/core/failure.js';
import type { SequenceCounts } from '../../src/core/run.js';
import type { SequenceMarks } from '../wire/sequence-marks.js';
import type { CorrelationIds } from './correlation-ids.js';
import { createRing } from './ring.js';
import type { SequencePlan } from './sequence-plan.js';

/** The sequences of a load. A request is named by its token while it is in flight. */
export interface RunningSequences {
  /** The number of the prepared request that `token` sends next; absent: nothing before an answer has come. */
  next(token: number): number | undefined;
  /** The answer to `token` has come. */
  settle(token: number, failure: Failure | undefined): void;
  /** For the end of the load, by a free token: the last request of a sequence that would go on, as long as there is one. */
  end(token: number): number | undefined;
  readonly marks: SequenceMarks;
  /** The number of a prepared request that stands for one that is not sent: each lane's in turn. */
  drop(): number;
  /** At this moment. */
  readonly counts: SequenceCounts;
}

export interface RunSequencesOptions {
  readonly plan: SequencePlan;
  readonly ids: CorrelationIds;
  /** How many requests are in flight at the most. */
  readonly tokens: number;
  /** How many sequences run at the same time. */
  readonly lanes: number;
  /** At most one request of a sequence is in flight. */
  readonly isSerial: boolean;
  /** Lane n is that of token n, so that a token that waits leaves the lanes of others alone; there are as many of both. */
  readonly isOwnLane?: boolean;
  /** What the numbers of a lane's requests begin at; 0 unless given. */
  readonly firstOf?: (lane: number) => number;
}

const none = -1;
const startFlag = 1;
const endFlag = 2;

/**
 * Sequences side by side, each in a lane that begins the next one as soon as all requests of the last are sent; unless tokens
 * have lanes of their own, the lane whose turn is longest ago takes the next request. In arrays, so that no request leaves an object behind.
 *
 * A request that fails ends its sequence: the next one of its lane has the end flag, so that the server does not wait for
 * more; nothing follows when the server has not even begun it, or knows of its end. A wrong answer (`validation`) is an
 * answer, and the sequence goes on.
 */
export function runSequences(options: RunSequencesOptions): RunningSequences {
  const { plan, ids, tokens, lanes, isSerial, isOwnLane = false, firstOf = () => 0 } = options;
  // A sequence has a place from its first request until its last answer.
  const places = lanes + tokens;
  const idAt = new Float64Array(places);
  const laneAt = new Int32Array(places);
  const firstAt = new Float64Array(places);
  const stepsAt = new Float64Array(places);
  const sentAt = new Float64Array(places);
  const leftAt = new Float64Array(places);
  const inFlightAt = new Int32Array(places);
  const isBrokenAt = new Uint8Array(places);
  const freePlaces = createRing(places);
  for (let place = 0; place < places; place++) freePlaces.push(place);

  const placeIn = new Int32Array(lanes).fill(none);
  const turns = isOwnLane ? ownTurns : lanesInTurn(lanes);

  const placeOf = new Int32Array(tokens);
  const laneOf = new Int32Array(tokens);
  const flagsOf = new Uint8Array(tokens);

  let begun = 0;
  let completed = 0;
  let failed = 0;
  let dropped = 0;
  let lanesEnded = 0;

  /** The place of the sequence that a lane goes on with, or of a new one. */
  function placeFor(lane: number): number {
    const place = placeIn[lane] ?? none;
    if (place !== none) return place;
    const id = ids.take();
    return id === undefined ? none : begin(lane, id);
  }

  function begin(lane: number, id: number): number {
    const place = freePlaces.shift() ?? none;
    const { firstRequest, steps, length } = plan();
    idAt[place] = id;
    laneAt[place] = lane;
    firstAt[place] = firstOf(lane) + firstRequest;
    stepsAt[place] = steps;
    sentAt[place] = 0;
    leftAt[place] = length;
    isBrokenAt[place] = 0;
    placeIn[lane] = place;
    begun++;
    return place;
  }

  function take(place: number, token: number): number {
    const step = sentAt[place] ?? 0;
    const left = (leftAt[place] ?? 0) - 1;
    const lane = laneAt[place] ?? none;
    sentAt[place] = step + 1;
    leftAt[place] = left;
    inFlightAt[place] = (inFlightAt[place] ?? 0) + 1;
    placeOf[token] = place;
    laneOf[token] = lane;
    flagsOf[token] = (step === 0 ? startFlag : 0) | (left === 0 ? endFlag : 0);
    if (left === 0) leaveLane(place);
    return (firstAt[place] ?? 0) + (step % (stepsAt[place] ?? 1));
  }

  /** No more of its requests will be sent. */
  function leaveLane(place: number): void {
    placeIn[laneAt[place] ?? none] = none;
    laneAt[place] = none;
  }

  function breakOff(place: number, token: number, { code }: Failure): void {
    isBrokenAt[place] = 1;
    if (laneAt[place] === none) return;
    const isUnknown = ((flagsOf[token] ?? 0) & startFlag) !== 0 && code !== 'timeout';
    if (isUnknown) leaveLane(place);
    else leftAt[place] = 1;
  }

  function release(place: number): void {
    if (isBrokenAt[place] === 1) failed++;
    else completed++;
    ids.release(idAt[place] ?? 0);
    freePlaces.push(place);
  }

  return {
    next: (token) => {
      const lane = turns.take(token);
      if (lane === undefined) return undefined;
      const place = placeFor(lane);
      if (place === none || !isSerial) turns.giveBack(lane);
      return place === none ? undefined : take(place, token);
    },
    settle: (token, failure) => {
      const place = placeOf[token] ?? none;
      if (isSerial) turns.giveBack(laneOf[token] ?? none);
      inFlightAt[place] = (inFlightAt[place] ?? 0) - 1;
      if (failure !== undefined && failure.code !== 'validation') breakOff(place, token, failure);
      if (inFlightAt[place] === 0 && laneAt[place] === none) release(place);
    },
    marks: {
      idOf: (token) => idAt[placeOf[token] ?? none] ?? 0,
      isStart: (token) => ((flagsOf[token] ?? 0) & startFlag) !== 0,
      isEnd: (token) => ((flagsOf[token] ?? 0) & endFlag) !== 0,
    },
    drop: () => firstOf(dropped++ % lanes),
    get counts() {
      return { begun, completed, failed };
    },
    end: (token) => {
      while (lanesEnded < lanes) {
        const place = placeIn[lanesEnded++] ?? none;
        // What was given up may still be on its way: an end must not overtake it.
        if (place === none || inFlightAt[place] !== 0) continue;
        leftAt[place] = 1;
        return take(place, token);
      }
      return undefined;
    },
  };
}

/** Which lane takes the next request. */
interface Turns {
  take(token: number): number | undefined;
  giveBack(lane: number): void;
}

const ownTurns: Turns = { take: (token) => token, giveBack: () => undefined };

/** Lanes in the order of their turns; of serial sequences without those that wait for an answer. */
function lanesInTurn(lanes: number): Turns {
  const free = createRing(lanes);
  for (let lane = 0; lane < lanes; lane++) free.push(lane);
  return { take: free.shift, giveBack: free.push };
}
