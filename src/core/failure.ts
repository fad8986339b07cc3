/**
 * Why a request brought no valid answer. A failed request is data: it is counted by class and never ends the run.
 * `connect`: no connection, or it broke; `http 503`, `grpc 14`: the server answered with that status;
 * `stream`: the server answered in the stream that the request failed, which has no status;
 * `timeout`: no complete answer within the limit that the request was given;
 * `protocol`: the answer could not be understood; `validation`: it does not hold what it was to hold; `abandoned`: no answer when the level had to end.
 */
export type FailureCode =
  | 'connect'
  | 'timeout'
  | 'protocol'
  | 'validation'
  | 'abandoned'
  | 'stream'
  | `http ${number}`
  | `grpc ${number}`;

export interface Failure {
  readonly code: FailureCode;
  /** What the server or the socket said, one line. */
  readonly message: string;
}

/** Whether a server was there to say no. */
export const answers = ({ code }: Failure): boolean => code !== 'connect' && code !== 'timeout' && code !== 'abandoned';

/** How often a class of failure occurred, and the first text that came with it. */
export interface FailureCount {
  readonly code: FailureCode;
  readonly count: number;
  readonly firstMessage: string;
}
