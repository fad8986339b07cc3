import { type Nanoseconds, ns } from '../../../core/units.js';
import type { Tensor } from '../../../protocol/tensor.js';
import type { SequenceId } from '../../read-sequence.js';
import type { WaitingRequest } from '../waiting-request.js';

/** The requests under one id, in a slot or waiting for one, and what their steps leave to each other. */
export class Sequence {
  readonly id: SequenceId;
  /** Those that wait, in the order of their steps. */
  readonly requests: WaitingRequest[] = [];
  /** Whether more requests may come: not after its end, nor after it was given up. */
  isOpen = true;
  isRunning = false;
  /** Since when there is nothing to do for it; counts only while there is not. */
  idleSince: Nanoseconds;
  /** When it is given up unless it has a slot by then; infinite = never. */
  expiresAt = ns(Number.POSITIVE_INFINITY);
  /** In the order of the planned states; `undefined` before the first step. */
  states: readonly Tensor[] | undefined;

  constructor(id: SequenceId, now: Nanoseconds) {
    this.id = id;
    this.idleSince = now;
  }

  get isIdle(): boolean {
    return this.requests.length === 0 && !this.isRunning;
  }

  push(request: WaitingRequest): void {
    this.requests.push(request);
    if (request.sequence?.isEnd) this.isOpen = false;
  }

  /**
   * Takes a request out and with it the steps behind it, up to where the sequence starts anew: they would compute on a
   * state that lacks a step. A sequence that does not start anew takes no more requests. Empty when it is not there.
   */
  drop(request: WaitingRequest): readonly WaitingRequest[] {
    const from = this.requests.indexOf(request);
    if (from < 0) return [];
    const next = this.requests.findIndex((each, index) => index > from && each.sequence?.isStart === true);
    if (next < 0) this.isOpen = false;
    return this.requests.splice(from, next < 0 ? this.requests.length : next - from);
  }
}
