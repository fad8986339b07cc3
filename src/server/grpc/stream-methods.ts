import { encodeStreamResponse, finalResponseKey } from '../../protocol/grpc-stream.js';
import { type InferResponse, noParameters, type Parameters } from '../../protocol/infer.js';
import { decodeMessage, messageType } from '../../protocol/schema.js';
import type { InferenceService } from '../inference-service.js';
import { RefusalError } from '../refusal.js';
import { type Log, refusalOf } from '../refusal-of.js';
import { type GrpcCall, type GrpcMethod, type GrpcReceiver, okStatus } from './grpc-method.js';
import { watchHealth } from './health.js';
import { inferRequestFrom } from './infer-request.js';
import type { ReceivedMessage } from './message-collector.js';
import { type GrpcStatus, refusalStatus } from './status.js';

/** The calls of both services whose answers are a stream, by their path. */
export const streamMethods = (service: InferenceService, log: Log): ReadonlyMap<string, GrpcMethod> =>
  new Map([
    ['/inference.GRPCInferenceService/ModelStreamInfer', (call) => inferStream(service, call, log)],
    ['/grpc.health.v1.Health/Watch', watchHealth(service)],
  ]);

const requestType = messageType('inference.ModelInferRequest');
const exiting = new RefusalError('unavailable', 'Server exiting');

/**
 * Requests of a stream are served side by side, like unary ones. Answers are in the order of the requests, as Triton
 * sends those of models that answer once. A request that fails is told so in its answer, and the stream goes on.
 */
function inferStream(service: InferenceService, call: GrpcCall, log: Log): GrpcReceiver {
  /** Resolves when everything that was received is answered. */
  let answered: Promise<void> = Promise.resolve();
  let isClosing = false;
  let isEnding = false;

  const answerTo = async (message: ReceivedMessage): Promise<Uint8Array> => {
    try {
      if (isClosing) throw exiting;
      const response = await service.infer(inferRequestFrom(message.bytes), call.signal);
      return encodeStreamResponse({ errorMessage: '', response: { ...response, parameters: final(response) } });
    } catch (thrown) {
      return failure(refusalOf(thrown, log).message, message.bytes);
    } finally {
      call.release(message);
    }
  };

  /** Also waits for what comes until then. */
  const endWhenAnswered = async (status: GrpcStatus): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    for (let seen: unknown; seen !== answered; ) {
      seen = answered;
      await answered;
    }
    call.end(status);
  };

  return {
    onMessage: (message) => {
      const answer = answerTo(message);
      answered = answered.then(async () => call.send(await answer));
    },
    onHalfClose: () => void endWhenAnswered(okStatus),
    onClose: () => {
      isClosing = true;
      void endWhenAnswered(refusalStatus(exiting));
    },
  };
}

/** Every response of a stream says whether it is its request's last. */
const final = ({ parameters }: Pick<InferResponse, 'parameters'>): Parameters =>
  new Map([...parameters, [finalResponseKey, true]]);

/** Tells the client which request failed, as far as its message can be read. */
function failure(errorMessage: string, message: Uint8Array): Uint8Array {
  const names = namesOf(message);
  return encodeStreamResponse({
    errorMessage: errorMessage === '' ? 'unknown error' : errorMessage,
    response: { ...names, parameters: final({ parameters: noParameters }), outputs: [] },
  });
}

function namesOf(message: Uint8Array): Pick<InferResponse, 'modelName' | 'modelVersion' | 'id'> {
  try {
    const names = decodeMessage(requestType, message) as unknown as Readonly<Record<string, string>>;
    return {
      modelName: names['model_name'] ?? '',
      modelVersion: names['model_version'] ?? '',
      id: names['id'] ?? '',
    };
  } catch {
    return { modelName: '', modelVersion: '', id: '' };
  }
}
