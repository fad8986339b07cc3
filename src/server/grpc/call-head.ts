import type { Field } from '../../http2/hpack/static-table.js';
import { grpcStatus } from '../../protocol/grpc-status.js';
import type { GrpcStatus } from './status.js';

/** What the header fields of a call say (gRPC over HTTP/2, "Requests"). */
export interface CallHead {
  /** E.g. `/inference.GRPCInferenceService/ModelInfer`. */
  readonly path: string;
  /** It has no pseudo-header fields: it begins nothing. */
  readonly isTrailers: boolean;
  /** Not a request as HTTP/2 wants it. */
  readonly isMalformed: boolean;
  /** The HTTP status of what is no gRPC call at all. */
  readonly httpRefusal: 405 | 415 | undefined;
  /** What ends a call whose fields cannot be understood. */
  readonly refusal: GrpcStatus | undefined;
  /** Milliseconds until the deadline; absent when there is none. */
  readonly timeoutMs: number | undefined;
  /** How messages of the client may be compressed. */
  readonly encoding: string;
  /** What the client can read, as it is in `grpc-accept-encoding`. */
  readonly acceptEncoding: string;
  /** All fields; names in lower case, values of fields that came more than once joined by commas. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Milliseconds of each unit of `grpc-timeout`. */
const timeoutUnits: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
/** `setTimeout` fires at once for anything longer, some 25 days. */
const longestTimeoutMs = 2 ** 31 - 1;

/** Reads the fields of a decoded block; gives the same for the same fields. */
export function callHeadOf(fields: readonly Field[]): CallHead {
  const metadata = new Map<string, string>();
  for (const [name, value] of fields) {
    const before = metadata.get(name);
    metadata.set(name, before === undefined ? value : `${before},${value}`);
  }
  return {
    path: metadata.get(':path') ?? '',
    isTrailers: fields.every(([name]) => !name.startsWith(':')),
    isMalformed: isMalformed(fields),
    httpRefusal: httpRefusalOf(metadata),
    refusal: timeoutRefusal(metadata.get('grpc-timeout')),
    timeoutMs: timeoutOf(metadata.get('grpc-timeout')),
    encoding: metadata.get('grpc-encoding') ?? 'identity',
    acceptEncoding: metadata.get('grpc-accept-encoding') ?? '',
    metadata,
  };
}

/** What a request has once, before all other fields (RFC 9113 section 8.3.1). */
const pseudoFields = new Set([':method', ':scheme', ':path', ':authority']);
const neededFields = [':method', ':scheme', ':path'] as const;
/** Fields of one connection, which HTTP/2 does not have (RFC 9113 section 8.2.2). */
const connectionFields = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Whether the fields break the rules of RFC 9113 section 8.2 or 8.3. */
function isMalformed(fields: readonly Field[]): boolean {
  const pseudo = new Set<string>();
  let isPseudoOver = false;
  for (const [name, value] of fields) {
    if (name.startsWith(':')) {
      if (isPseudoOver || !pseudoFields.has(name) || pseudo.has(name)) return true;
      pseudo.add(name);
    } else {
      isPseudoOver = true;
      if (!isFieldOfRequest(name, value)) return true;
    }
  }
  return neededFields.some((name) => !pseudo.has(name)) || fields.some(([, value]) => /[\0\r\n]/.test(value));
}

function isFieldOfRequest(name: string, value: string): boolean {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || connectionFields.has(name)) return false;
  return name !== 'te' || value === 'trailers';
}

function httpRefusalOf(metadata: ReadonlyMap<string, string>): 405 | 415 | undefined {
  if (metadata.get(':method') !== 'POST') return 405;
  return /^application\/grpc(?:$|[+;])/.test(metadata.get('content-type') ?? '') ? undefined : 415;
}

const timeoutForm = /^(\d{1,8})([HMSmun])$/;

/** A call without its deadline would run on for nobody. */
function timeoutRefusal(text: string | undefined): GrpcStatus | undefined {
  if (text === undefined || timeoutForm.test(text)) return undefined;
  return { code: grpcStatus.internal, details: `Malformed grpc-timeout ${JSON.stringify(text.slice(0, 40))}` };
}

function timeoutOf(text: string | undefined): number | undefined {
  const [, digits, unit] = timeoutForm.exec(text ?? '') ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Math.min(longestTimeoutMs, Number(digits) * (timeoutUnits[unit] ?? 1));
}
