import { messageType } from '../../protocol/schema.js';
import type { InferenceService } from '../inference-service.js';
import { RefusalError } from '../refusal.js';
import type { GrpcMethod } from './grpc-method.js';
import { refusalStatus } from './status.js';

type Readiness = Pick<InferenceService, 'isReady'>;

const serving = 1;
const notServing = 2;

/** The `HealthCheckResponse` of now, the same for every service that is asked for. */
export const healthOf = (service: Readiness): { readonly status: number } => ({
  status: service.isReady() ? serving : notServing,
});

const responseType = messageType('grpc.health.v1.HealthCheckResponse');
/** Readiness follows from the states of all models, and none of them tells when it changes. */
const lookMs = 100;

/** `Watch` of the health service: the state of now, and every state that differs from the one before. */
export const watchHealth =
  (service: Readiness): GrpcMethod =>
  (call) => {
    let told: number | undefined;
    let looking: NodeJS.Timeout | undefined;
    const look = (): void => {
      const health = healthOf(service);
      if (health.status === told) return;
      told = health.status;
      call.send(responseType.encode(health).finish());
    };
    call.signal.addEventListener('abort', () => clearInterval(looking));
    return {
      awaitsHalfClose: true,
      onMessage: (message) => call.release(message),
      onHalfClose: () => {
        look();
        looking = setInterval(look, lookMs).unref();
      },
      onClose: () => {
        clearInterval(looking);
        call.end(refusalStatus(new RefusalError('unavailable', 'Server exiting')));
      },
    };
  };
