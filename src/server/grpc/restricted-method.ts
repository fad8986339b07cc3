import { RefusalError } from '../refusal.js';
import { isAdmitted, type RequiredHeader } from '../restricted-apis.js';
import type { GrpcMethod } from './grpc-method.js';
import { refusalStatus } from './status.js';

/** The method for calls that carry the header; the others end at once. */
export const restrictedMethod =
  (method: GrpcMethod, required: RequiredHeader): GrpcMethod =>
  (call) => {
    if (isAdmitted(required, (name) => call.metadata.get(name))) return method(call);
    const text = `This protocol is restricted, expecting header '${required.name}'`;
    call.end(refusalStatus(new RefusalError('unavailable', text)));
    return { onMessage: (message) => call.release(message), onHalfClose: () => undefined };
  };
