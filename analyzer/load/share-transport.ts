import type { SequenceMarks } from '../wire/sequence-marks.js';
import type { OpenOptions, OpenTransport, Transport } from '../wire/transport.js';

/** A transport that outlives the load that opened it: the next load finds its connections made. */
export interface SharedTransport extends AsyncDisposable {
  /** To be called again when the load before has no request in flight any more; with the same concurrency. */
  readonly open: OpenTransport;
}

export function shareTransport(open: OpenTransport): SharedTransport {
  let transport: Transport | undefined;
  let owner: OpenOptions | undefined;
  return {
    open: (options) => {
      owner = options;
      transport ??= open({
        ...options,
        onReply: (token, failure, firstAt, lastAt) => owner?.onReply(token, failure, firstAt, lastAt),
        onResponse: (token, at) => owner?.onResponse?.(token, at),
        onOutputs: (token, text) => owner?.onOutputs?.(token, text),
        ...(options.onBody === undefined
          ? {}
          : { onBody: (token, body, headerLength) => owner?.onBody?.(token, body, headerLength) }),
        ...(options.marks === undefined ? {} : { marks: marksOf(() => owner?.marks) }),
      });
      const opened = transport;
      return {
        send: (request, token) => opened.send(request, token),
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    [Symbol.asyncDispose]: async () => transport?.[Symbol.asyncDispose](),
  };
}

const marksOf = (current: () => SequenceMarks | undefined): SequenceMarks => ({
  idOf: (token) => current()?.idOf(token) ?? 0,
  isStart: (token) => current()?.isStart(token) ?? false,
  isEnd: (token) => current()?.isEnd(token) ?? false,
});
