import { grpcStatus } from '../../protocol/grpc-status.js';
import { type Log, refusalOf } from '../refusal-of.js';
import { type GrpcCall, type GrpcMethod, okStatus } from './grpc-method.js';
import type { ReceivedMessage } from './message-collector.js';
import { refusalStatus } from './status.js';
import type { UnaryMethod } from './unary-methods.js';

/** A call with one message each way. */
export const unaryCall =
  (method: UnaryMethod, log: Log): GrpcMethod =>
  (call) => {
    let request: ReceivedMessage | undefined;
    return {
      awaitsHalfClose: true,
      onMessage: (message) => {
        if (request !== undefined)
          call.end({ code: grpcStatus.unimplemented, details: 'Received more than one request message' });
        request = message;
      },
      onHalfClose: () => {
        if (request === undefined) call.end({ code: grpcStatus.unimplemented, details: 'Received no request message' });
        else void answer(method, request, call, log);
      },
    };
  };

/** Never rejects. */
async function answer(method: UnaryMethod, request: ReceivedMessage, call: GrpcCall, log: Log): Promise<void> {
  try {
    call.send(await method(request.bytes, call));
    call.end(okStatus);
  } catch (thrown) {
    call.end(refusalStatus(refusalOf(thrown, log)));
  } finally {
    call.release(request);
  }
}
