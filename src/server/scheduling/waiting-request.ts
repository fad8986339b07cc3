import type { Nanoseconds } from '../../core/units.js';
import type { Tensor } from '../../protocol/tensor.js';
import type { ExecutableRequest } from '../backends/backend.js';
import type { SequenceMark } from '../read-sequence.js';
import type { RefusalError } from '../refusal.js';
import type { ResponseLog } from '../statistics/response-statistics.js';
import type { ExecutionTimes } from '../statistics/version-statistics.js';
import type { ValidRequest } from '../validate-request.js';
import type { Batchable } from './form-batch.js';
import type { Timed } from './queue-policy.js';

/** How a request ends: its outputs in the plan's order and when they were computed, or why there are none. */
export interface RequestEnd {
  resolve(outputs: readonly Tensor[], times: ExecutionTimes): void;
  reject(refusal: RefusalError): void;
}

interface WaitingOptions {
  readonly enqueuedAt: Nanoseconds;
  readonly end: RequestEnd;
  readonly signal: AbortSignal | undefined;
  readonly origin?: ExecutableRequest['origin'];
  readonly respond?: ExecutableRequest['respond'];
  /** Of the responses of a decoupled model. */
  readonly responses?: ResponseLog;
}

/**
 * An accepted request on its way through queue and instance. It is its own abort listener, so that a request that
 * never waits costs no closure.
 */
export class WaitingRequest implements ExecutableRequest, Batchable, Timed {
  readonly inputs: readonly Tensor[];
  readonly batchSize: number;
  readonly shapeKey: string;
  readonly priority: number;
  readonly timeout: Nanoseconds;
  /** Its first step in an iterative sequence is told apart from the later ones. */
  sequence: SequenceMark | undefined;
  readonly enqueuedAt: Nanoseconds;
  readonly end: RequestEnd;
  readonly origin: ExecutableRequest['origin'];
  readonly respond: ExecutableRequest['respond'];
  readonly responses: ResponseLog | undefined;
  readonly signal: AbortSignal | undefined;
  #onAbort: ((request: WaitingRequest) => void) | undefined;
  /** Whether it left the queue that it was put into last. */
  hasLeft = false;

  constructor(request: ValidRequest, options: WaitingOptions) {
    this.inputs = request.inputs;
    this.batchSize = request.batchSize;
    this.shapeKey = request.shapeKey;
    this.priority = request.priority;
    this.timeout = request.timeout;
    this.sequence = request.sequence;
    this.enqueuedAt = options.enqueuedAt;
    this.end = options.end;
    this.origin = options.origin;
    this.respond = options.respond;
    this.responses = options.responses;
    this.signal = options.signal;
  }

  get isCancelled(): boolean {
    return this.signal?.aborted === true;
  }

  /** Calls back when the client gives up, until `stopWatching`. */
  watch(onAbort: (request: WaitingRequest) => void): void {
    if (this.signal === undefined) return;
    this.#onAbort = onAbort;
    this.signal.addEventListener('abort', this, { once: true });
  }

  stopWatching(): void {
    this.hasLeft = true;
    if (this.#onAbort === undefined) return;
    this.#onAbort = undefined;
    this.signal?.removeEventListener('abort', this);
  }

  handleEvent(): void {
    this.#onAbort?.(this);
  }
}
