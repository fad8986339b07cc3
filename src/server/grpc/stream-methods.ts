import { encodeStreamResponse, finalResponseKey } from '../../protocol/grpc-stream.js';
import { type InferResponse, noParameters } from '../../protocol/infer.js';
import { decodeMessage, messageType } from '../../protocol/schema.js';
import { forwardedFrom, type HeaderPattern, withForwarded } from '../forwarded-headers.js';
import type { InferenceService } from '../inference-service.js';
import type { PartialAnswer } from '../partial-answer.js';
import { RefusalError } from '../refusal.js';
import { type Log, refusalOf } from '../refusal-of.js';
import { type GrpcCall, type GrpcMethod, type GrpcReceiver, okStatus } from './grpc-method.js';
import { watchHealth } from './health.js';
import { type ReadRequest, readInferRequest } from './infer-request.js';
import type { ReceivedMessage } from './message-collector.js';
import { type GrpcStatus, refusalStatus } from './status.js';

export interface StreamMethodOptions {
  readonly log: Log;
  readonly forwardPattern: HeaderPattern | undefined;
}

/** The calls of both services whose answers are a stream, by their path. */
export const streamMethods = (
  service: InferenceService,
  options: StreamMethodOptions,
): ReadonlyMap<string, GrpcMethod> =>
  new Map<string, GrpcMethod>([
    ['/inference.GRPCInferenceService/ModelStreamInfer', (call) => inferStream(service, call, options)],
    ['/grpc.health.v1.Health/Watch', watchHealth(service)],
  ]);

const requestType = messageType('inference.ModelInferRequest');
const exiting = new RefusalError('unavailable', 'Server exiting');

/**
 * Requests of a stream are served side by side, like unary ones. Answers of models that answer once are in the order of
 * their requests, as Triton sends them; those of decoupled models go out as they come. A request that fails is told so
 * in its answer, and the stream goes on.
 */
function inferStream(
  service: InferenceService,
  call: GrpcCall,
  { log, forwardPattern }: StreamMethodOptions,
): GrpcReceiver {
  const forwarded = forwardedFrom(call.metadata, forwardPattern);
  /** Resolves when everything that is answered once, and was received, is answered. */
  let answered: Promise<void> = Promise.resolve();
  /** Requests to decoupled models. */
  const open = new Set<Promise<void>>();
  let isClosing = false;
  let isEnding = false;

  const answerTo = async (message: ReceivedMessage, read: () => ReadRequest): Promise<Uint8Array> => {
    try {
      if (isClosing) throw exiting;
      const response = await service.infer(withForwarded(read().request, forwarded), call.signal);
      return encodeStreamResponse({ errorMessage: '', response: final(response, true) });
    } catch (thrown) {
      return failure(refusalOf(thrown, log).message, message.bytes);
    } finally {
      call.release(message);
    }
  };

  /** Never rejects. */
  const sendAnswers = async (message: ReceivedMessage, { request, wantsEmptyFinal }: ReadRequest) => {
    const onAnswer = (answer: PartialAnswer): Promise<void> | undefined => {
      if (answer.kind === 'response') {
        const response = final(answer.response, answer.isFinal);
        call.send(encodeStreamResponse({ errorMessage: '', response }));
      } else if (answer.kind === 'error') {
        call.send(failure(answer.refusal.message, message.bytes, answer.isFinal));
      } else if (wantsEmptyFinal) {
        call.send(encodeStreamResponse({ errorMessage: '', response: final(namesOf(message.bytes), true) }));
      }
      return call.sent();
    };
    try {
      if (isClosing) throw exiting;
      await service.inferStream(withForwarded(request, forwarded), { signal: call.signal, onAnswer });
    } catch (thrown) {
      call.send(failure(refusalOf(thrown, log).message, message.bytes));
    } finally {
      call.release(message);
    }
  };

  /** Also waits for what comes until then. */
  const endWhenAnswered = async (status: GrpcStatus): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    for (let seen: unknown; seen !== answered || open.size > 0; ) {
      seen = answered;
      await Promise.all([answered, ...open]);
    }
    call.end(status);
  };

  return {
    onMessage: (message) => {
      const read = readOnce(message, service);
      const decoupled = readDecoupled(read);
      if (decoupled === undefined) {
        const answer = answerTo(message, read);
        answered = answered.then(async () => call.send(await answer));
        return;
      }
      const sent = sendAnswers(message, decoupled);
      open.add(sent);
      void sent.then(() => open.delete(sent));
    },
    onHalfClose: () => void endWhenAnswered(okStatus),
    onClose: () => {
      isClosing = true;
      void endWhenAnswered(refusalStatus(exiting));
    },
  };
}

/** Reads a message; what it returns throws as `readInferRequest` does, each time. */
function readOnce({ bytes }: ReceivedMessage, service: InferenceService): () => ReadRequest {
  try {
    const read = readInferRequest(bytes, service);
    return () => read;
  } catch (thrown) {
    return () => {
      throw thrown;
    };
  }
}

/** `undefined` for a request that is answered once, or with why it cannot be. */
function readDecoupled(read: () => ReadRequest): ReadRequest | undefined {
  try {
    return read().isDecoupled ? read() : undefined;
  } catch {
    return undefined;
  }
}

/** Every response of a stream says whether it is its request's last. */
const final = (response: InferResponse, isFinal: boolean): InferResponse => ({
  ...response,
  parameters: new Map([...response.parameters, [finalResponseKey, isFinal]]),
});

/** Tells the client which request failed, as far as its message can be read. */
const failure = (errorMessage: string, message: Uint8Array, isFinal = true): Uint8Array =>
  encodeStreamResponse({
    errorMessage: errorMessage === '' ? 'unknown error' : errorMessage,
    response: final(namesOf(message), isFinal),
  });

/** A response that says no more than to which request it belongs. */
function namesOf(message: Uint8Array): InferResponse {
  const rest = { parameters: noParameters, outputs: [] };
  try {
    const names = decodeMessage(requestType, message) as unknown as Readonly<Record<string, string>>;
    return {
      ...rest,
      modelName: names['model_name'] ?? '',
      modelVersion: names['model_version'] ?? '',
      id: names['id'] ?? '',
    };
  } catch {
    return { ...rest, modelName: '', modelVersion: '', id: '' };
  }
}
