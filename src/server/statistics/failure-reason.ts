/**
 * Why requests fail (v2 protocol, 8, `nv_inference_request_failure`): thrown out of the queue or not let into it, given
 * up by the client, failed in the model, anything else.
 */
export const failureReasons = ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'] as const;

export type FailureReason = (typeof failureReasons)[number];

/** Failed requests by reason since the version was loaded. */
export type FailureCounts = Readonly<Record<FailureReason, number>>;
