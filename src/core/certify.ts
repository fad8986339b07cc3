/** A limit for a percentile of latency. */
export interface LatencyLimit {
  /** In per cent. */
  readonly percentile: number;
  readonly limitMs: number;
}

/** What `--certify` asks for. */
export interface CertifySettings extends LatencyLimit {
  /** Of a PASS, and of a FAIL: in per cent. */
  readonly confidencePercent: number;
  readonly maxMs: number;
}

/** What a level was certified as. */
export interface Certification {
  readonly verdict: 'pass' | 'fail' | 'undecided';
  /** Answered, failed, or not sent though due. */
  readonly requests: number;
  /** Of these: above the limit, failed, or not sent. */
  readonly over: number;
  /** So many independent requests would say as much. */
  readonly effectiveRequests: number;
}

/** `p99 <= 15 ms` */
export const limitText = ({ percentile, limitMs }: LatencyLimit): string => `p${percentile} <= ${limitMs} ms`;
