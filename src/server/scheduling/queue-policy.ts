import { type Nanoseconds, ns } from '../../core/units.js';
import type { QueuePolicy as ConfiguredPolicy } from '../../protocol/model-config.js';

/** How long requests may wait and how many of them (model configuration, ModelQueuePolicy). */
export interface QueuePolicy {
  /** Requests that may wait; infinite = no limit. */
  readonly maxQueueSize: number;
  /** Time that a request may wait; infinite = no limit. */
  readonly defaultTimeout: Nanoseconds;
  /** Whether a request may ask for a shorter timeout. */
  readonly allowTimeoutOverride: boolean;
  /** What becomes of a request that waited too long: it is refused, or served after those that did not. */
  readonly timeoutAction: 'REJECT' | 'DELAY';
}

/** What a policy looks at in a request. */
export interface Timed {
  readonly enqueuedAt: Nanoseconds;
  /** What the request itself asks for; 0 = nothing. */
  readonly timeout: Nanoseconds;
}

const noLimit = Number.POSITIVE_INFINITY;

/** 0 stands for no limit in a configuration; without a policy there is none either. */
export function readQueuePolicy(policy: ConfiguredPolicy | undefined): QueuePolicy {
  return {
    maxQueueSize: policy?.max_queue_size || noLimit,
    defaultTimeout: ns((policy?.default_timeout_microseconds || noLimit) * 1000),
    allowTimeoutOverride: policy?.allow_timeout_override ?? false,
    timeoutAction: policy?.timeout_action ?? 'REJECT',
  };
}

/** Whether the policy changes anything at all. */
export const isLimiting = (policy: QueuePolicy): boolean =>
  policy.maxQueueSize !== noLimit || policy.defaultTimeout !== noLimit;

/**
 * When a request has waited too long; infinite = never. Its own timeout counts only where the configuration sets one
 * and allows an override, and only if it is shorter (model configuration, 7.2 "Queue policy").
 */
export function deadlineOf(request: Timed, policy: QueuePolicy): Nanoseconds {
  const { defaultTimeout } = policy;
  const isOverridden = policy.allowTimeoutOverride && request.timeout > 0 && defaultTimeout !== noLimit;
  return ns(request.enqueuedAt + (isOverridden ? Math.min(request.timeout, defaultTimeout) : defaultTimeout));
}
