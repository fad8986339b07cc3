import type { KeepsBody, OpenTransport } from '../../../analyzer/wire/transport.js';
import type { Failure } from '../../../src/core/failure.js';
import type { Nanoseconds } from '../../../src/core/units.js';

export interface Reply {
  readonly failure: Failure | undefined;
  readonly body: Buffer | undefined;
  readonly headerLength: number | undefined;
  readonly firstAt: Nanoseconds;
  readonly lastAt: Nanoseconds;
  /** Of a stream. */
  readonly bodies: readonly Buffer[];
  readonly responseTimes: readonly Nanoseconds[];
}

/** A transport as a function that gives a promise, and which notices broken promises of the port. */
export interface Caller extends AsyncDisposable {
  call(request: number): Promise<Reply>;
  /** Replies that came twice, or to nobody, or from inside `send`. */
  readonly faults: readonly string[];
}

export function openCaller(open: OpenTransport, concurrency = 1, keepsBody?: KeepsBody): Caller {
  const waiting = new Map<number, (reply: Reply) => void>();
  const bodies = new Map<number, { body: Buffer; headerLength: number | undefined }[]>();
  const responses = new Map<number, Nanoseconds[]>();
  const faults: string[] = [];
  let nextToken = 0;
  let isSending = false;

  const transport = open({
    concurrency,
    keepsBody,
    onBody: (token, body, headerLength) => bodies.set(token, [...(bodies.get(token) ?? []), { body, headerLength }]),
    onResponse: (token, at) => {
      if (!waiting.has(token)) faults.push(`a response to ${token}, which has ended`);
      responses.set(token, [...(responses.get(token) ?? []), at]);
    },
    onReply: (token, failure, firstAt, lastAt) => {
      const resolve = waiting.get(token);
      if (resolve === undefined) faults.push(`a second reply to ${token}`);
      if (isSending) faults.push(`a reply to ${token} from inside send`);
      if (firstAt > lastAt) faults.push(`the answer to ${token} ended before it began`);
      waiting.delete(token);
      const kept = bodies.get(token) ?? [];
      const { body, headerLength } = kept.at(-1) ?? { body: undefined, headerLength: undefined };
      const responseTimes = responses.get(token) ?? [];
      bodies.delete(token);
      responses.delete(token);
      resolve?.({ failure, body, headerLength, firstAt, lastAt, responseTimes, bodies: kept.map((each) => each.body) });
    },
  });

  return {
    faults,
    call: (request) =>
      new Promise((resolve) => {
        const token = nextToken++;
        waiting.set(token, resolve);
        isSending = true;
        transport.send(request, token);
        isSending = false;
      }),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
